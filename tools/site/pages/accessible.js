// What scrolls sideways can be reached with the keyboard, and the search says what it is.
document$.subscribe(() => {
  for (const element of document.querySelectorAll(".md-typeset__scrollwrap, pre > code")) element.tabIndex = 0
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search")
})
