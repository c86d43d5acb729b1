"""The old repository's `preprocessing`: evaluated as by slimzoo.preprocessing, trained by random ops."""
