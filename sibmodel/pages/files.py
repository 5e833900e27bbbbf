"""A result as files: tables, plots, the page, and a manifest of what they were made from."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl

from sibmodel.pages import drawing, html, tables
from sibmodel.pages import plots as drawn
from sibmodel.results import Results

DOTS_PER_INCH = 150
PACKAGES = ("sibmodel", "numpy", "scipy", "pandas", "matplotlib")


def write(results: Results, folder: str | Path, *, explain: int | None = None) -> list[Path]:
    """Write everything there is to see of a result into a folder.

    The same contract, seed and runs give the same bytes again. A table or plot that there is none
    of is not written, and one that stands there from before is removed.

    Parameters
    ----------
    results : Results
    folder : str or pathlib.Path
        Made if it is not there.
    explain : int, optional
        A run whose tables are written too, ``tables/run_17_*.csv``: see ``results.explain``.

    Returns
    -------
    list of pathlib.Path
        ``page.html``, ``plots/*.png``, ``tables/*.csv`` and ``manifest.json``.

    Examples
    --------
    >>> import tempfile
    >>> import sibmodel as sib
    >>> results = sib.simulate(sib.library.load("closed_form_bond"), runs=100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = write(results, folder)
    >>> paths[0].name, paths[-1].name
    ('page.html', 'manifest.json')
    """
    folder = Path(folder)
    for part in ("plots", "tables"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    plots = drawn.plots(results)
    pages = {folder / "page.html": html.page(results, plots=plots)}
    found, absent = tables.tables(results)
    pages |= {
        folder / "tables" / f"{name}.csv": table.to_csv(index=False, lineterminator="\n")
        for name, table in found.items()
    }
    runs = {}
    if explain is not None:
        runs = {
            folder / "tables" / f"run_{explain}_{name}.csv": table.to_csv(lineterminator="\n")
            for name, table in results.explain(explain).tables.items()
        }
    for old in {*(folder / "tables").glob("run_*.csv")} - set(runs):
        old.unlink()
    pages |= runs
    pictures = {folder / "plots" / f"{name}.png": plot for name, plot in plots[0].items()}
    for name in absent:
        (folder / "tables" / f"{name}.csv").unlink(missing_ok=True)
    for name in plots[1]:
        (folder / "plots" / f"{name}.png").unlink(missing_ok=True)
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    for path, plot in pictures.items():
        with mpl.rc_context(drawing.STYLE):
            plot.figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})
    first, *rest = pages
    paths = [first, *pictures, *rest]
    last = folder / "manifest.json"
    made = manifest(results) | {
        "files": {
            path.relative_to(folder).as_posix(): _sha256(path.read_bytes()) for path in paths
        },
        "absent": absent | plots[1],
    }
    text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    last.write_text(text, encoding="utf-8", newline="\n")
    return [*paths, last]


def manifest(results: Results) -> dict[str, object]:
    """What a result was made from: enough to make it again.

    Examples
    --------
    >>> import sibmodel as sib
    >>> manifest(sib.simulate(sib.library.load("closed_form_bond"), runs=100))["runs"]
    100
    """
    contract = results.contract
    data = json.dumps(contract.to_dict(), sort_keys=True, ensure_ascii=False)
    text = contract._text
    return {
        "contract": contract.name,
        "contract_data_sha256": _sha256(data.encode()),
        "contract_text_sha256": _sha256(text.encode()) if text is not None else None,
        "seed": results.seed,
        "runs": results.runs,
        "switches": dict(results.switches),
        "ledger_kept": results.ledger is not None,
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
