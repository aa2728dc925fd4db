"""`hfp shell-init`: shell functions and shortcuts for this checkout, to be evaluated by a shell."""

import shlex
import sys
from pathlib import Path

import typer

from hf_platform.settings import Settings

_ALIASES = {
    "hfp_env": "source {venv}/bin/activate",
    "hfp_dir": "cd {root}",
    "hfp_test": "make -C {root} test",
    "hfp_demo": "{hfp} demo",
    "hfp_ui": "{hfp} ui",
    "hfp_info": "{hfp} doctor",
    "hfp_packages": "{venv}/bin/python -m pip list",
    "hfp_update": "make -C {root} setup",
    "hfp_benchmark": "make -C {root} bench",
    "hfp_models": "{hfp} status",
    "hfp_failed": "{hfp} status --failed",
    "hfp_count": '{hfp} query "select family, count(*) as models from models.ledger group by all order by all"',
    "hfp_size": "du -sh {home}",
}


def shell_init() -> None:
    """Print aliases for bash and zsh. Use it as: eval "$(hfp shell-init)"."""
    root = Path(__file__).resolve().parents[2]
    venv = Path(sys.prefix)
    places = {
        "root": shlex.quote(str(root)),
        "venv": shlex.quote(str(venv)),
        "home": shlex.quote(str(Settings.from_env().home)),
        "hfp": shlex.quote(str(venv / "bin" / "hfp")),
    }
    typer.echo(f"export HFP_DIR={places['root']}")
    for name, command in _ALIASES.items():
        typer.echo(f"alias {name}={shlex.quote(command.format(**places))}")
