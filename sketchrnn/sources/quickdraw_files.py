"""The files of Quick, Draw!: the names of its 345 categories, their addresses, what they hold."""

from __future__ import annotations

import collections
import difflib
import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from sketchrnn.drawing import BadFileError, BadSettingError, SketchRNNError
from sketchrnn.sources.content import open_plain
from sketchrnn.sources.download import Request
from sketchrnn.sources.quickdraw import open_bin, read_line

BASE = "https://storage.googleapis.com/quickdraw_dataset"

FORMATS = {
    "npz": "sketchrnn/{}.npz",
    "full-npz": "sketchrnn/{}.full.npz",
    "simplified": "full/simplified/{}.ndjson",
    "raw": "full/raw/{}.ndjson",
    "binary": "full/binary/{}.bin",
}
"""Format -> the address of a category below `BASE`."""

CATEGORIES: tuple[str, ...] = tuple(
    """
The Eiffel Tower, The Great Wall of China, The Mona Lisa, aircraft carrier, airplane,
alarm clock, ambulance, angel, animal migration, ant, anvil, apple, arm, asparagus, axe,
backpack, banana, bandage, barn, baseball, baseball bat, basket, basketball, bat, bathtub,
beach, bear, beard, bed, bee, belt, bench, bicycle, binoculars, bird, birthday cake, blackberry,
blueberry, book, boomerang, bottlecap, bowtie, bracelet, brain, bread, bridge, broccoli, broom,
bucket, bulldozer, bus, bush, butterfly, cactus, cake, calculator, calendar, camel, camera,
camouflage, campfire, candle, cannon, canoe, car, carrot, castle, cat, ceiling fan, cell phone,
cello, chair, chandelier, church, circle, clarinet, clock, cloud, coffee cup, compass, computer,
cookie, cooler, couch, cow, crab, crayon, crocodile, crown, cruise ship, cup, diamond,
dishwasher, diving board, dog, dolphin, donut, door, dragon, dresser, drill, drums, duck,
dumbbell, ear, elbow, elephant, envelope, eraser, eye, eyeglasses, face, fan, feather, fence,
finger, fire hydrant, fireplace, firetruck, fish, flamingo, flashlight, flip flops, floor lamp,
flower, flying saucer, foot, fork, frog, frying pan, garden, garden hose, giraffe, goatee,
golf club, grapes, grass, guitar, hamburger, hammer, hand, harp, hat, headphones, hedgehog,
helicopter, helmet, hexagon, hockey puck, hockey stick, horse, hospital, hot air balloon,
hot dog, hot tub, hourglass, house, house plant, hurricane, ice cream, jacket, jail, kangaroo,
key, keyboard, knee, knife, ladder, lantern, laptop, leaf, leg, light bulb, lighter, lighthouse,
lightning, line, lion, lipstick, lobster, lollipop, mailbox, map, marker, matches, megaphone,
mermaid, microphone, microwave, monkey, moon, mosquito, motorbike, mountain, mouse, moustache,
mouth, mug, mushroom, nail, necklace, nose, ocean, octagon, octopus, onion, oven, owl,
paint can, paintbrush, palm tree, panda, pants, paper clip, parachute, parrot, passport, peanut,
pear, peas, pencil, penguin, piano, pickup truck, picture frame, pig, pillow, pineapple, pizza,
pliers, police car, pond, pool, popsicle, postcard, potato, power outlet, purse, rabbit,
raccoon, radio, rain, rainbow, rake, remote control, rhinoceros, rifle, river, roller coaster,
rollerskates, sailboat, sandwich, saw, saxophone, school bus, scissors, scorpion, screwdriver,
sea turtle, see saw, shark, sheep, shoe, shorts, shovel, sink, skateboard, skull, skyscraper,
sleeping bag, smiley face, snail, snake, snorkel, snowflake, snowman, soccer ball, sock,
speedboat, spider, spoon, spreadsheet, square, squiggle, squirrel, stairs, star, steak, stereo,
stethoscope, stitches, stop sign, stove, strawberry, streetlight, string bean, submarine,
suitcase, sun, swan, sweater, swing set, sword, syringe, t-shirt, table, teapot, teddy-bear,
telephone, television, tennis racquet, tent, tiger, toaster, toe, toilet, tooth, toothbrush,
toothpaste, tornado, tractor, traffic light, train, tree, triangle, trombone, truck, trumpet,
umbrella, underwear, van, vase, violin, washing machine, watermelon, waterslide, whale, wheel,
windmill, wine bottle, wine glass, wristwatch, yoga, zebra, zigzag
""".replace("\n", " ")
    .strip()
    .split(", ")
)


def check_category(name: str) -> str:
    """Return the name of a category as the files spell it.

    Raises:
        BadSettingError: If there is none of that name; with those that are spelt like it.
    """
    plain = " ".join(name.replace("_", " ").split()).casefold()
    spelt = {category.casefold(): category for category in CATEGORIES}
    if plain in spelt:
        return spelt[plain]
    near = difflib.get_close_matches(plain, spelt, n=3)
    raise BadSettingError(
        f"Quick, Draw! has no category {name!r}",
        hint="did you mean " + " or ".join(repr(spelt[word]) for word in near) + "?"
        if near
        else "see all 345 with `sketchrnn data list quickdraw`",
    )


def requests(
    categories: Iterable[str], format: str, folder: str | os.PathLike[str], base: str = BASE
) -> list[Request]:
    """Return what to ask for.

    Args:
        categories: Names of categories, in any capitals; one named twice is asked for once.
        format: A key of `FORMATS`.
        folder: Where the files go, under the names that they have there.
        base: The address that the paths in `FORMATS` continue.

    Raises:
        BadSettingError: If a category or the format is unknown, or the address is none of HTTP.
    """
    if format not in FORMATS:
        raise BadSettingError(
            f"Quick, Draw! has no format {format!r}", hint=f"choose one of {', '.join(FORMATS)}"
        )
    if not base.startswith(("http://", "https://")):
        raise BadSettingError(f"{base!r} is no address", hint="begin it with https://")
    names = dict.fromkeys(check_category(name) for name in categories)
    if not names:
        raise BadSettingError("no category is asked for", hint="name one, such as cat")
    result = []
    for name in names:
        path = FORMATS[format].format(name)
        url = f"{base.rstrip('/')}/{quote(path)}"
        result.append(Request(url, Path(folder) / Path(path).name, check_content))
    return result


def check_content(path: Path, suffix: str) -> None:
    """Look into a file that was fetched: whether it is what its suffix says, from end to end.

    Raises:
        BadFileError: If it is not.
    """
    if suffix == ".npz":
        if not zipfile.is_zipfile(path):
            raise BadFileError("is not an npz file, or is cut off")
    elif suffix == ".bin":
        for _ in open_bin(str(path), lambda: open_plain(path)).items():
            pass
    else:
        try:
            for line in _ends(path):
                read_line(line)
        except SketchRNNError as error:
            raise BadFileError(f"is not lines of drawings ({error.problem})") from None


def _ends(path: Path) -> Iterator[bytes]:
    """Yield the first and the last line of a file."""
    with open(path, "rb") as file:
        first = file.readline(_LONGEST_LINE)
        file.seek(max(0, path.stat().st_size - _LONGEST_LINE))
        yield first
        yield from collections.deque(file, maxlen=1)


_LONGEST_LINE = 16 << 20
