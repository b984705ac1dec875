"""
The pictures on covers: one for each kind of theme, varied by dice.

Each scene fills 400 by 350. Shapes are large and few, since most covers are seen
120 pixels wide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

Scene = Callable[[Random, str], str]
"""Draws with the dice and a show's initials."""

_SUN: Final = "#ffaa00"
_TEAL: Final = "#285161"
_SKIES: Final = (
    ("#bfe3ea", "#eaf6f4"),
    ("#ffd9a0", "#fff3dc"),
    ("#c9d9f5", "#eef3fd"),
    ("#f7cfd0", "#fdeeee"),
    ("#cdeccf", "#f1faef"),
    ("#dccff0", "#f4effb"),
)
_NIGHTS: Final = (("#16243f", "#3b4f8a"), ("#1b1f4b", "#5a4b93"), ("#0f2a3d", "#2f6a80"))
_BRIGHT: Final = ("#ef6461", "#ffaa00", "#4aa3a2", "#7b6cc4", "#5aa469", "#e58fb1", "#3f7cac")


def for_themes(themes: Sequence[str]) -> Scene:
    """Return the scene that the most telling of the *themes* asks for."""
    for words, scene in _SCENE_BY_WORDS:
        if any(part.startswith(words) for theme in themes for part in theme.split("-")):
            return scene
    return _blocks


def _sky(dice: Random, skies: Sequence[tuple[str, str]] = _SKIES) -> str:
    top, bottom = skies[_below(dice, len(skies))]
    return (
        f'<linearGradient id="s" x2="0" y2="1"><stop stop-color="{top}"/>'
        f'<stop offset="1" stop-color="{bottom}"/></linearGradient>'
        '<path d="M0 0h400v350H0z" fill="url(#s)"/>'
    )


def _below(dice: Random, limit: int) -> int:
    return int(dice.random() * limit)


def _between(dice: Random, low: int, high: int) -> int:
    return low + _below(dice, high - low + 1)


def _colours(dice: Random, count: int) -> list[str]:
    start = _below(dice, len(_BRIGHT))
    return [_BRIGHT[(start + 2 * number) % len(_BRIGHT)] for number in range(count)]


def _sun(dice: Random, y: int = 85) -> str:
    x = _between(dice, 70, 330)
    return f'<circle cx="{x}" cy="{y}" r="44" fill="{_SUN}"/>'


def _cloud(x: int, y: int) -> str:
    return (
        f'<path d="M{x} {y}a24 24 0 0 1 6-47 34 34 0 0 1 64-6 27 27 0 0 1 14 53z" '
        'fill="#fff" fill-opacity=".85"/>'
    )


def _hills(dice: Random, back: str, front: str) -> str:
    rise, dip = _between(dice, 215, 245), _between(dice, 250, 285)
    return (
        f'<path d="M0 {dip}Q110 {rise - 40} 220 {dip - 10}T400 {rise}V350H0z" fill="{back}"/>'
        f'<path d="M0 {rise + 60}Q140 {dip} 260 {dip + 30}T400 {dip + 15}V350H0z" fill="{front}"/>'
    )


def _stars(dice: Random, count: int = 14) -> str:
    dots = "".join(
        f"M{_between(dice, 15, 385)} {_between(dice, 15, 250)}h.01" for _ in range(count)
    )
    return f'<path d="{dots}" stroke="#fff" stroke-width="6" stroke-linecap="round"/>'


def _vehicles(dice: Random, initials: str) -> str:
    body, roof = _colours(dice, 2)
    wheels = "".join(
        f'<circle cx="{x}" cy="290" r="32" fill="#2b2f36"/><circle cx="{x}" cy="290" r="13" '
        'fill="#e8ecef"/>'
        for x in (125, 278)
    )
    return (
        f"{_sky(dice)}{_sun(dice, 75)}{_cloud(_between(dice, 30, 90), 110)}"
        f"{_hills(dice, '#a9cf9b', '#86b97c')}"
        '<path d="M0 300h400v50H0z" fill="#565d66"/>'
        '<path d="M0 329h400" stroke="#fff" stroke-width="6" stroke-dasharray="36 28"/>'
        '<path d="M60 290v-62q0-14 14-14h26l26-58q6-12 20-12h86q14 0 22 12l32 58h42q14 0 14 14v62z'
        f'" fill="{body}"/>'
        f'<path d="M128 214l20-44q3-7 11-7h36v51zM212 163h20q7 0 11 6l26 45h-57z" fill="#dff1f6"/>'
        f'<path d="M60 252h282v16H60z" fill="{roof}"/>{wheels}'
    )


def _space(dice: Random, initials: str) -> str:
    planet, ring = _colours(dice, 2)
    x = _between(dice, 90, 130)
    return (
        f"{_sky(dice, _NIGHTS)}{_stars(dice, 18)}"
        f'<circle cx="{x}" cy="110" r="58" fill="{planet}"/>'
        f'<path d="M{x - 92} 128q92 44 184-36" fill="none" stroke="{ring}" stroke-width="13" '
        'stroke-linecap="round"/>'
        '<g transform="rotate(28 270 200)">'
        '<path d="M270 70q46 52 46 130v56h-92v-56q0-78 46-130z" fill="#f4f6f8"/>'
        f'<path d="M270 70q24 27 36 66h-72q12-39 36-66zM224 196l-36 44v44l36-28zM316 196l36 44v44'
        f'l-36-28z" fill="#ef6461"/><circle cx="270" cy="180" r="23" fill="#3f7cac" '
        'stroke="#c9d3dc" stroke-width="8"/>'
        f'<path d="M246 262h48l-24 66z" fill="{_SUN}"/></g>'
    )


def _ocean(dice: Random, initials: str) -> str:
    fish, fin = _colours(dice, 2)
    bubbles = "".join(
        f'<circle cx="{_between(dice, 30, 370)}" cy="{_between(dice, 70, 260)}" '
        f'r="{_between(dice, 6, 15)}"/>'
        for _ in range(7)
    )
    weeds = "".join(
        f'<path d="M{x} 350q-26-36 0-70t0-{_between(dice, 50, 90)}"/>' for x in (45, 85, 350)
    )
    return (
        '<linearGradient id="s" x2="0" y2="1"><stop stop-color="#9fdcea"/>'
        '<stop offset="1" stop-color="#2b7d9b"/></linearGradient>'
        '<path d="M0 0h400v350H0z" fill="url(#s)"/>'
        f'<g fill="#fff" fill-opacity=".45">{bubbles}</g>'
        f'<path d="M0 318q100-34 200-10t200-14v56H0z" fill="#f0d9a4"/>'
        f'<g fill="none" stroke="#3f9b6c" stroke-width="17" stroke-linecap="round">{weeds}</g>'
        f'<path d="M285 190l78-56v112z" fill="{fin}"/><ellipse cx="195" cy="190" rx="118" ry="76" '
        f'fill="{fish}"/><path d="M185 118q40-50 82-26l-20 42zM190 182q34 6 42 44-42 8-62-20z" '
        f'fill="{fin}"/>'
        '<circle cx="128" cy="172" r="19" fill="#fff"/><circle cx="123" cy="172" r="10" '
        'fill="#22303a"/><path d="M88 214q22 18 42 4" fill="none" stroke="#22303a" '
        'stroke-width="7" stroke-linecap="round"/>'
    )


def _music(dice: Random, initials: str) -> str:
    one, two, three = _colours(dice, 3)
    tilt = _between(dice, -10, 10)
    waves = "".join(
        f'<path d="M0 {y}q100-{_between(dice, 30, 60)} 200 0t200 0"/>' for y in (95, 135, 175, 215)
    )
    return (
        f"{_sky(dice)}"
        f'<g fill="none" stroke="#fff" stroke-opacity=".8" stroke-width="7">{waves}</g>'
        f'<g transform="rotate({tilt} 200 180)">'
        f'<path d="M120 262V96l160-34v168h-24V116l-112 24v122z" fill="{_TEAL}"/>'
        f'<ellipse cx="104" cy="264" rx="44" ry="34" fill="{one}"/>'
        f'<ellipse cx="240" cy="232" rx="44" ry="34" fill="{two}"/></g>'
        f'<circle cx="{_between(dice, 320, 350)}" cy="290" r="26" fill="{three}"/>'
        f'<circle cx="{_between(dice, 40, 70)}" cy="70" r="22" fill="{_SUN}"/>'
    )


def _animals(dice: Random, initials: str) -> str:
    fur, muzzle = (
        ("#c98b52", "#f3dcc0"),
        ("#e8a04c", "#fff0d9"),
        ("#8d99a6", "#e6ebef"),
        ("#a9745b", "#efd7c9"),
        ("#6f8f72", "#dcebd9"),
    )[_below(dice, 5)]
    ears = (
        '<circle cx="108" cy="98" r="44"/><circle cx="292" cy="98" r="44"/>',
        '<path d="M88 150L96 34l92 66zM312 150L304 34l-92 66z"/>',
        '<ellipse cx="145" cy="62" rx="28" ry="74"/><ellipse cx="255" cy="62" rx="28" ry="74"/>',
        '<ellipse cx="80" cy="175" rx="36" ry="72"/><ellipse cx="320" cy="175" rx="36" ry="72"/>',
    )[_below(dice, 4)]
    return (
        f"{_sky(dice)}{_hills(dice, '#b5d6a7', '#93c086')}"
        f'<g fill="{fur}">{ears}<circle cx="200" cy="195" r="124"/></g>'
        f'<ellipse cx="200" cy="240" rx="70" ry="56" fill="{muzzle}"/>'
        '<g fill="#2b2420"><circle cx="152" cy="172" r="16"/><circle cx="248" cy="172" r="16"/>'
        '<ellipse cx="200" cy="218" rx="24" ry="17"/></g>'
        '<path d="M200 234v18m-32 4q16 20 32 2 16 18 32-2" fill="none" stroke="#2b2420" '
        'stroke-width="8" stroke-linecap="round"/>'
        '<g fill="#fff"><circle cx="158" cy="166" r="5"/><circle cx="254" cy="166" r="5"/></g>'
    )


def _dinosaurs(dice: Random, initials: str) -> str:
    skin, back = _colours(dice, 2)
    return (
        f"{_sky(dice)}{_sun(dice, 72)}{_hills(dice, '#b9d29b', '#8fb573')}"
        f'<path d="M118 150l22-34 24 22 20-36 28 28 20-30 24 38z" fill="{back}"/>'
        f'<path d="M20 268q56-6 74-66 22-70 108-68 62 0 84 44 18 2 26-36 4-50-14-82 6-40 56-36 '
        f'44 4 44 36 0 26-40 30-16 62-34 112-12 36-36 44v62h-42v-48h-88v48h-42v-62q-40 30-96 22z" '
        f'fill="{skin}"/><circle cx="352" cy="50" r="9" fill="#22303a"/>'
        '<path d="M0 306h400v44H0z" fill="#7ba05f"/>'
    )


def _nature(dice: Random, initials: str) -> str:
    tree = (
        '<path d="M{x} 318v-86" stroke="#8a5a3b" stroke-width="22" stroke-linecap="round"/>'
        '<circle cx="{x}" cy="{y}" r="{r}" fill="{c}"/>'
        '<circle cx="{x2}" cy="{y2}" r="{r2}" fill="#fff" fill-opacity=".16"/>'
    )
    trees = ""
    for x, colour in ((95, "#4f9d69"), (300, "#76b56a")):
        y, r = _between(dice, 165, 190), _between(dice, 58, 74)
        trees += tree.format(x=x, y=y, r=r, c=colour, x2=x - 18, y2=y - 18, r2=r - 28)
    petals = _colours(dice, 1)[0]
    flower = "".join(
        f'<circle cx="{200 + dx}" cy="{262 + dy}" r="18"/>'
        for dx, dy in ((0, -24), (23, -7), (14, 20), (-14, 20), (-23, -7))
    )
    return (
        f"{_sky(dice)}{_sun(dice, 70)}{_cloud(_between(dice, 40, 240), 130)}"
        f"{_hills(dice, '#bfe0a8', '#8cc27c')}{trees}"
        f'<path d="M200 340v-70" stroke="#3f8f55" stroke-width="9"/>'
        f'<g fill="{petals}">{flower}</g><circle cx="200" cy="262" r="15" fill="{_SUN}"/>'
    )


def _letters(dice: Random, initials: str) -> str:
    signs = (("A", "B", "C"), ("1", "2", "3"), ("A", "1", "★"), ("a", "b", "c"))[_below(dice, 4)]
    cubes = []
    spots = ((42, 198), (222, 198), (132, 62))
    for (x, y), sign, colour in zip(spots, signs, _colours(dice, 3), strict=True):
        tilt = _between(dice, -7, 7)
        cubes.append(
            f'<g transform="rotate({tilt} {x + 68} {y + 68})"><rect x="{x}" y="{y}" width="136" '
            f'height="136" rx="20" fill="{colour}"/><rect x="{x + 13}" y="{y + 13}" width="110" '
            f'height="110" rx="12" fill="#fff" fill-opacity=".9"/><text x="{x + 68}" '
            f'y="{y + 104}" fill="{colour}">{sign}</text></g>'
        )
    return (
        f"{_sky(dice)}"
        '<g font-family="\'DejaVu Sans\',Verdana,sans-serif" font-weight="800" font-size="100" '
        f'text-anchor="middle">{"".join(cubes)}</g>'
    )


def _crafts(dice: Random, initials: str) -> str:
    colours = _colours(dice, 5)
    blobs = "".join(
        f'<circle cx="{x}" cy="{y}" r="25" fill="{colour}"/>'
        for (x, y), colour in zip(
            ((118, 150), (178, 108), (248, 112), (102, 216), (296, 160)), colours, strict=True
        )
    )
    return (
        f"{_sky(dice)}"
        '<path d="M196 58c94 0 158 58 158 124 0 54-40 62-78 58-34-4-48 16-36 42 10 24-12 36-44 36'
        'C112 318 44 262 44 188S108 58 196 58z" fill="#d9a868"/>'
        f'{blobs}<g transform="rotate({_between(dice, 32, 46)} 290 220)">'
        f'<path d="M278 120h24v150h-24z" fill="{_TEAL}"/><path d="M276 92h28v36h-28z" '
        f'fill="#c9d3dc"/><path d="M276 94q-6-34 14-58 20 24 14 58z" fill="{colours[0]}"/></g>'
    )


def _night(dice: Random, initials: str) -> str:
    x = _between(dice, 140, 250)
    return (
        f"{_sky(dice, _NIGHTS)}{_stars(dice, 20)}"
        f'<path d="M{x + 20} 52a86 86 0 1 0 66 142 98 98 0 0 1-66-142z" fill="#ffe2a0"/>'
        '<path d="M0 296q90-70 190-26t210-34v114H0z" fill="#26406b"/>'
        '<path d="M0 320q120-44 230-14t170-16v60H0z" fill="#1a2f52"/>'
        f'<g fill="#fff" fill-opacity=".9" font-family="Verdana,sans-serif" font-weight="800">'
        f'<text x="{x - 112}" y="140" font-size="62">z</text>'
        f'<text x="{x - 78}" y="86" font-size="42">z</text></g>'
    )


def _adventure(dice: Random, initials: str) -> str:
    flag, roof = _colours(dice, 2)
    return (
        f"{_sky(dice)}{_sun(dice, 75)}{_cloud(_between(dice, 20, 250), 120)}"
        '<path d="M-20 350L110 150l110 200zM200 350l112-170 130 170z" fill="#9fb6c6"/>'
        '<path d="M110 150l-32 50 22 12 14-10 18 14 14-16zM312 180l-28 42 18 8 14-8 14 10 14-10z" '
        'fill="#fff"/>'
        f"{_hills(dice, '#a8cf98', '#82b578')}"
        '<path d="M132 316V190h24v18h24v-18h40v18h24v-18h24v126z" fill="#f1e4cf"/>'
        f'<path d="M122 190l32-60 32 60zM214 190l32-60 32 60z" fill="{roof}"/>'
        '<path d="M180 316v-42a20 20 0 0 1 40 0v42z" fill="#6d4c3a"/>'
        f'<path d="M200 208v-98" stroke="#6d4c3a" stroke-width="7"/>'
        f'<path d="M203 104l66 22-66 24z" fill="{flag}"/>'
    )


def _science(dice: Random, initials: str) -> str:
    liquid, gear = _colours(dice, 2)
    teeth = "".join(
        f'<path d="M292 38h26v28h-26z" transform="rotate({angle} 305 108)"/>'
        for angle in range(0, 360, 45)
    )
    bubbles = "".join(
        f'<circle cx="{_between(dice, 130, 200)}" cy="{_between(dice, 236, 290)}" '
        f'r="{_between(dice, 7, 13)}"/>'
        for _ in range(4)
    )
    return (
        f"{_sky(dice)}"
        f'<g fill="{gear}">{teeth}<circle cx="305" cy="108" r="52"/></g>'
        '<circle cx="305" cy="108" r="21" fill="#fff"/>'
        '<path d="M132 60h72v84l68 140q12 36-24 36H88q-36 0-24-36l68-140z" fill="#fff" '
        'fill-opacity=".88"/>'
        f'<path d="M108 218h120l32 66q8 22-16 22H92q-24 0-16-22z" fill="{liquid}"/>'
        f'<g fill="#fff" fill-opacity=".6">{bubbles}</g>'
        f'<path d="M120 50h96v22h-96z" fill="{_TEAL}"/>'
    )


def _friends(dice: Random, initials: str) -> str:
    skins = ("#f2c9a1", "#c98d62", "#8d5b3f", "#e8b188")
    hairs = ("#3b2a22", "#8a4f2a", "#d9a441", "#22222a")
    turn = _below(dice, 4)
    people = []
    places = zip((105, 295, 200), (205, 205, 180), _colours(dice, 3), strict=True)
    for number, (x, y, shirt) in enumerate(places):
        skin, hair = skins[(turn + number) % 4], hairs[(turn + 2 * number) % 4]
        people.append(
            f'<path d="M{x - 78} 352q0-104 78-104t78 104z" fill="{shirt}"/>'
            f'<circle cx="{x}" cy="{y}" r="58" fill="{skin}"/>'
            f'<path d="M{x - 60} {y - 4}a60 60 0 0 1 120 0q-34-8-52-34-24 30-68 34z" '
            f'fill="{hair}"/><path d="M{x - 20} {y + 4}h.01m40 0h.01" stroke="#2b2420" '
            'stroke-width="13" stroke-linecap="round"/>'
            f'<path d="M{x - 20} {y + 25}q20 20 40 0" fill="none" stroke="#2b2420" '
            'stroke-width="7" stroke-linecap="round"/>'
        )
    return f"{_sky(dice)}{_sun(dice, 62)}{''.join(people)}"


def _blocks(dice: Random, initials: str) -> str:
    one, two, three, four = _colours(dice, 4)
    return (
        f"{_sky(dice)}"
        f'<circle cx="{_between(dice, 60, 110)}" cy="90" r="70" fill="{one}" fill-opacity=".85"/>'
        f'<path d="M{_between(dice, 250, 290)} 30l110 130H{_between(dice, 180, 210)}z" '
        f'fill="{two}" fill-opacity=".85"/>'
        f'<rect x="{_between(dice, 10, 40)}" y="210" width="120" height="120" rx="18" '
        f'fill="{three}" fill-opacity=".85"/>'
        f'<circle cx="335" cy="275" r="56" fill="{four}" fill-opacity=".85"/>'
        '<circle cx="200" cy="180" r="96" fill="#fff"/>'
        f'<text x="200" y="217" font-family="Verdana,sans-serif" font-weight="800" '
        f'font-size="104" text-anchor="middle" fill="{_TEAL}">{initials}</text>'
    )


_SCENE_BY_WORDS: Final[tuple[tuple[tuple[str, ...], Scene], ...]] = (
    (("dinosaur", "paleont"), _dinosaurs),
    (("vehicle", "trains", "machin", "locomotive", "construction"), _vehicles),
    (("cosmos", "space"), _space),
    (("marine", "ocean"), _ocean),
    (("bedtime", "relax", "asmr", "mindful", "patience"), _night),
    (("animal", "wildlife", "farm", "horse", "pet", "insect", "ecosystem"), _animals),
    (("music", "instrument", "ballet", "dance"), _music),
    (("phonics", "numer", "math", "vocab", "shapes", "literacy", "reading", "language"), _letters),
    (("martial", "rivalry"), _adventure),
    (("art", "craft", "drawing", "painting", "origami", "diy"), _crafts),
    (("nature", "natural", "environment", "outdoor"), _nature),
    (("sing", "song"), _music),
    (("super", "fantasy", "adventure", "mystery", "explor", "courage", "history"), _adventure),
    (("stem", "science", "engineer", "technolog", "experiment", "mechanic"), _science),
    (("friend", "team", "social", "famil", "emotion", "communit", "empathy"), _friends),
    (("creativ", "colour"), _crafts),
)
"""By how much a theme says about what is to be seen, the most telling first."""
