"""Models of the Hugging Face hub: a repository there is a model folder."""

from __future__ import annotations

import os
import re
from os import PathLike
from pathlib import Path

from sketchrnn.drawing import BadFileError, MissingDependencyError
from sketchrnn.model import folder

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_NOT_THERE = "is no folder here, and there is no such model on the hub, or it is private"


def is_name(model: str | PathLike[str]) -> bool:
    """Return whether the hub is to be asked: it may have such a name, and no such model is here."""
    here = Path(model).exists() or str(model) in folder.shipped_models()
    return not here and _NAME.fullmatch(str(model)) is not None


def find(
    model: str | PathLike[str],
    revision: str | None = None,
    cache_dir: str | PathLike[str] | None = None,
    *,
    weights: bool = True,
) -> Path:
    """Return a model folder: one that is here, or one that the hub has, fetched into its cache.

    Args:
        model: A model folder, the name of a shipped model, or USER/NAME on the hub.
        revision: A branch, tag or commit there.
        cache_dir: Where the hub's files are kept; None: where `huggingface_hub` keeps them.
        weights: Whether the weights are fetched, and not config.json alone.

    Raises:
        BadFileError: If there is none.
        MissingDependencyError: If it is on the hub, and `huggingface_hub` is not installed.
    """
    name = str(model)
    if not is_name(model):
        return folder.find(model)
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import (
            EntryNotFoundError,
            HfHubHTTPError,
            LocalEntryNotFoundError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )
    except ImportError as error:
        raise MissingDependencyError(
            f"{name} is no folder here, and asking the Hugging Face hub needs huggingface_hub",
            hint="pip install 'sketchrnn[hub]'",
        ) from error

    def fetch(file: str) -> Path:
        where = None if cache_dir is None else str(cache_dir)
        # the package reads the variable once, when it is imported
        server = os.environ.get("HF_ENDPOINT") or None
        return Path(
            hf_hub_download(name, file, revision=revision, cache_dir=where, endpoint=server)
        )

    try:
        config = fetch(folder.CONFIG_FILE)
        if not weights:
            return config.parent
        try:
            fetch(folder.SAFETENSORS_FILE)
        except LocalEntryNotFoundError:
            raise
        except EntryNotFoundError:
            fetch(folder.WEIGHTS_FILE)
    except RevisionNotFoundError as error:
        raise BadFileError(f"the hub has no revision {revision!r} of it", path=name) from error
    except RepositoryNotFoundError as error:
        raise BadFileError(_NOT_THERE, path=name, hint="log in with `hf auth login`") from error
    except LocalEntryNotFoundError as error:
        raise BadFileError(
            "no such model folder, and the hub cannot be reached", path=name
        ) from error
    except EntryNotFoundError as error:
        raise BadFileError(
            f"is no model of sketchrnn: it has no {folder.CONFIG_FILE} or no weights", path=name
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        short = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise BadFileError(f"the hub does not answer ({short})", path=name) from error
    return config.parent
