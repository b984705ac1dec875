"""Builds the container images that changed, and writes what there is to images/.built.json."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from images import engine, parts, store
from images.builder import BROKEN, Builder
from images.errors import ImagesError
from images.parts import CHECKOUT, Part
from images.store import Built, Store

_SERVICES: Final = ("catalog", "search", "gateway")


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    try:
        known = parts.read()
        if unknown := sorted(set(arguments.parts) - set(known)):
            parser.error(f"no part {', '.join(unknown)}; there are {', '.join(known)}")
        chosen = [known[name] for name in known if name in (arguments.parts or known)]
        here = Store(store.default_folder())
        if arguments.list:
            _list(chosen, here)
            return
        with here.locked():
            builder = Builder(known, engine.find(), here)
            if arguments.variant:
                services = [part for part in chosen if part.name in _SERVICES]
                _write(builder.build_variants(services, arguments.variant), arguments.variant)
            else:
                builder.build(chosen, anew=arguments.no_cache)
        _write(_found(known.values(), here))
        _list(chosen, here)
    except ImagesError as error:
        sys.exit(f"images/build: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="images/build",
        description=__doc__,
        epilog="Archives, for `ctr images import` or `podman load`, and lists of contents (SBOM) "
        f"are in {store.default_folder()}.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="what to build; all without any")
    parser.add_argument("--list", action="store_true", help="show the images, and build none")
    parser.add_argument("--no-cache", action="store_true", help="build them again, from nothing")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--variant",
        metavar="NAME",
        type=_variant_name,
        help="services of the same contents as other images; they are listed in .built-NAME.json",
    )
    kind.add_argument(
        "--broken",
        action="store_const",
        dest="variant",
        const=BROKEN,
        help="services that exit at once when they should serve; listed in .built-broken.json",
    )
    return parser


def _variant_name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*", text):
        raise argparse.ArgumentTypeError("it takes small letters and digits")
    return text


def _found(known: Iterable[Part], here: Store) -> dict[str, Built]:
    return {part.name: built for part in known if (built := here.find(part.name, part.tag))}


def _write(images: Mapping[str, Built], variant: str = "") -> None:
    path = CHECKOUT / f"images/.built{'-' if variant else ''}{variant}.json"
    facts = {part: asdict(built) for part, built in images.items()}
    path.write_text(json.dumps(facts, indent=1) + "\n")


def _list(chosen: Sequence[Part], here: Store) -> None:
    found = _found(chosen, here)
    for part in chosen:
        if part.shipped:
            built = found.get(part.name)
            size = f"{built.size_bytes / 1e6:4.0f} MB" if built else "not built"
            print(f"{part.name:<12} {part.tag}  {size}")


if __name__ == "__main__":
    main()
