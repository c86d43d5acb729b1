"""`slimzoo push`: a model of one's own to the Hugging Face Hub."""

import click

from slimzoo.cli.output import echo, echo_json, examples, json_option


@click.command(
    epilog=examples("slimzoo push runs/voc me/vgg-16-voc", "slimzoo push runs/voc me/mine --private")
)
@click.argument("folder", metavar="DIR")
@click.argument("repo", metavar="USER/REPO")
@click.option("--private", is_flag=True, help="Make a new repository private.")
@click.option("--with-report", is_flag=True, help="The run's report too: it shows images of your data set.")
@click.option("--license", default="", metavar="SPDX", help="Of the model, in place of its weights' own.")
@click.option("--message", default="", help="Of the commit.")
@click.option("--revision", metavar="BRANCH", help="Where to, in place of main.")
@json_option
def push(
    folder: str,
    repo: str,
    private: bool,
    with_report: bool,
    license: str,
    message: str,
    revision: str | None,
    as_json: bool,
) -> None:
    """Upload the model in DIR to the Hugging Face Hub, with a page about it.

    DIR is what fine-tuning leaves, or a .safetensors file. The page says where the weights are from, how
    they were trained and what they reach, with the proof that a conversion was given. HF_TOKEN, or `hf auth
    login`, says who you are.
    """
    from slimzoo.weights.push import push as push_model

    done = push_model(
        folder,
        repo,
        private=private,
        with_report=with_report,
        license=license,
        message=message,
        revision=revision,
    )
    if as_json:
        return echo_json({"repo": done.repo, "commit": done.commit, "url": done.url, "files": done.files})
    return echo(f'{done.url}: {", ".join(done.files)}\nslimzoo.load("{done.name}")')
