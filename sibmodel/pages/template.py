"""Pages from their templates: one style, text escaped, nothing left undefined by mistake."""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files
from typing import Any

import jinja2


def rendered(template: str, **values: Any) -> str:
    """A page that asks for nothing from elsewhere.

    Parameters
    ----------
    template : str
        Name of a file beside this one.
    **values
        What the template names; style and version are added.

    Returns
    -------
    str
        HTML.
    """
    folder = files(__package__)
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
    )
    style = folder.joinpath("page.css").read_text("utf-8")
    return environment.get_template(template).render(
        style=style, version=version("sibmodel"), **values
    )
