"""
The themes and platforms of the new catalogue, and what the old ones are called in it.

The old theme names were typed by hand over years: 21 of the 194 are
misspelt, doubled or oddly capitalised, and one is a style of animation. A name
that is not known here was made by an editor since and is kept as it is.
"""

from __future__ import annotations

import zlib

from tantrum_catalog.domain.naming import Slug, slug_of
from tantrum_catalog.domain.show import Label

_THEME_NAMES = (
    "ASMR",
    "Adventure",
    "African Folk Tales",
    "Agriculture",
    "American Sign Language",
    "Animal Behaviour",
    "Animals",
    "Arabic Language Learning",
    "Art",
    "Arts & Crafts",
    "Auslan (Sign Language)",
    "Ballet",
    "Bedtime Routines",
    "Biblical Stories",
    "Biblical Teachings",
    "Building and Design",
    "Captivating Visuals",
    "Career Exploration",
    "Cause and Effect",
    "Choreographed Action Scenes",
    "Christian Values",
    "Cognitive Development",
    "Colour Combinations",
    "Colours",
    "Communication & Expression",
    "Community",
    "Community Service",
    "Complex Emotional Themes",
    "Confidence Building",
    "Conflict Resolution",
    "Construction",
    "Courage",
    "Creativity & Imagination",
    "Critical Thinking",
    "Cultural & Social",
    "Cultural Appreciation",
    "Cultures & Traditions",
    "Curiosity",
    "DIY Projects",
    "Dance",
    "Dark Themes",
    "Deaf Community",
    "Dinosaurs",
    "Discovery",
    "Diversity",
    "Drawing",
    "Dutch Language",
    "Early Childhood Experiences",
    "Ecosystems",
    "Elementary-Basics",
    "Emotional Intelligence",
    "Empathy",
    "Engineering Concepts",
    "Entertainment",
    "Environmental Awareness",
    "Everyday Concepts",
    "Exercise",
    "Experimentation",
    "Exploration",
    "Exploring Emotions",
    "Faith",
    "Family Relationships",
    "Family Values",
    "Fantasy Elements",
    "Farm Life",
    "Frequent Whining",
    "Friendship",
    "Gentle Humour",
    "Geography",
    "Health & Well-being",
    "Healthy Eating",
    "History",
    "Hobbies",
    "Horses",
    "Humor",
    "Hyperactivity",
    "Insect Behaviour",
    "Instruments",
    "Intense Animal Interaction",
    "Interactive Game Elements",
    "Lack of Consequences",
    "Language Learning",
    "Leadership",
    "Learn Through Play",
    "Learning Disabilities",
    "Learning from Mistakes",
    "Learning through Songs",
    "Life Lessons",
    "Light Hearted",
    "Literacy",
    "Locomotive History",
    "Machinery",
    "Makaton Sign Language",
    "Marine Biology",
    "Martial Arts",
    "Math",
    "Mature Themes",
    "Mechanics",
    "Medical Care",
    "Memory Exercises",
    "Merit Reward Systems",
    "Mild Fantasy Violence",
    "Mild Intense Scenes",
    "Mild Mature Themes",
    "Mild Peril",
    "Mild Violent Themes",
    "Mindfulness",
    "Minecraft",
    "Mischievous Behaviour",
    "Morality",
    "Motor Skills",
    "Multi-Lingual Learning",
    "Music",
    "Mystery",
    "Māori Immersion Preschool",
    "Natural History",
    "Natural Science",
    "Natural World",
    "Nature",
    "Nature Sounds",
    "Numeracy",
    "Origami",
    "Outdoor Exploration",
    "Overcoming Fears",
    "Painting",
    "Paleontology",
    "Patience",
    "Perseverance",
    "Pet Ownership",
    "Phonics",
    "Physical Fitness",
    "Political Leanings",
    "Positive Engaging Screen-Time",
    "Positive Mindset",
    "Positive Role Models",
    "Preschool-Basics",
    "Problem Solving",
    "Protagonist",
    "Quranic Stories",
    "Read-Along",
    "Reading Comprehension",
    "Realistic Depictions of Nature",
    "Recurring Antagonist",
    "Relatable Situations",
    "Relaxation",
    "Religion",
    "Religious Teachings",
    "Repetitive Learning",
    "Responsibility",
    "Rivalry",
    "Routine",
    "STEM",
    "Safety",
    "Science",
    "Self Discipline",
    "Sensory Exploration",
    "Shapes",
    "Silly Comedy",
    "Sing Along",
    "Skit Comedy",
    "Slapstick Comedy",
    "Slice of Life",
    "Social Development",
    "Social-Emotional",
    "Spacetime and the Cosmos",
    "Spanish Language",
    "Speech Development",
    "Spiritual Development",
    "Storytelling without Dialogue",
    "Super Hero Themes",
    "Surreal Imagery",
    "Tantrums",
    "Te Reo Māori Language Development",
    "Teaching with Toys",
    "Teamwork",
    "Technology",
    "Toilet Humour",
    "Toy Review",
    "Traditional Narratives",
    "Trains",
    "Travel Geography",
    "Unboxing Videos",
    "Vehicle Recognition",
    "Vehicle Themes",
    "Visual Demonstrations",
    "Vocabulary",
    "Wild Animal Captures and Cooking",
    "Wildlife Conservation",
    "Wildlife Exploration",
    "Yoga",
)

_NAME_BY_OLD_NAME = {
    "African folk tales": "African Folk Tales",
    "Animal Behavior": "Animal Behaviour",
    "Communication and Expression": "Communication & Expression",
    "Communiction & Expression": "Communication & Expression",
    "Complex & Emotional Themes": "Complex Emotional Themes",
    "Early Childhood experiences": "Early Childhood Experiences",
    "Enviromental Awareness": "Environmental Awareness",
    "Every Day Concepts": "Everyday Concepts",
    "Hyper-Activity": "Hyperactivity",
    "Marine Bioligy": "Marine Biology",
    "Mild Violent themes": "Mild Violent Themes",
    "Merit Reward systems": "Merit Reward Systems",
    "MineCraft": "Minecraft",
    "Mischievious Behaviour": "Mischievous Behaviour",
    "Māori immersion preschool": "Māori Immersion Preschool",
    "Politcal Leanings": "Political Leanings",
    "Positve Mindset": "Positive Mindset",
    "Quranic stories": "Quranic Stories",
    "Slapstic Comedy": "Slapstick Comedy",
    "Story Telling without Dialogue": "Storytelling without Dialogue",
    "Te reo Māori language development": "Te Reo Māori Language Development",
}

# What people type who spell differently from the catalogue.
_OTHER_SPELLINGS = {
    "Colour Combinations": ("Color Combinations",),
    "Colours": ("Colors",),
    "Gentle Humour": ("Gentle Humor",),
    "Humor": ("Humour",),
    "Insect Behaviour": ("Insect Behavior",),
    "Math": ("Maths",),
    "Mischievous Behaviour": ("Mischievous Behavior",),
    "Paleontology": ("Palaeontology",),
    "Toilet Humour": ("Toilet Humor",),
}

NOT_THEMES = {"Stop-Motion": "a style of animation and no theme"}
"""Old themes that become none, each with the reason."""

PLATFORM_URLS = {"tv": None, "youtube": "https://www.youtube.com"}

_PLATFORM_BY_KEY = {
    "tv": Label(slug=Slug("tv"), name="TV"),
    "youtube": Label(slug=Slug("youtube"), name="YouTube"),
}


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


_THEME_BY_KEY = {
    _key(name): Label(slug=slug_of(name, fallback="theme"), name=name) for name in _THEME_NAMES
}
_THEME_BY_KEY |= {_key(old): _THEME_BY_KEY[_key(new)] for old, new in _NAME_BY_OLD_NAME.items()}
_NOT_THEME_KEYS = frozenset(map(_key, NOT_THEMES))


def themes() -> list[Label]:
    """Every theme of the catalogue by ascending slug."""
    return sorted(set(_THEME_BY_KEY.values()), key=lambda theme: theme.slug)


def theme_aliases(theme: Label) -> list[str]:
    """Other names by which *theme* is found, old spellings first."""
    old = [o for o, new in _NAME_BY_OLD_NAME.items() if new == theme.name]
    names = [*old, *_OTHER_SPELLINGS.get(theme.name, ())]
    # Search folds case, so a name that differs in case alone finds nothing more.
    return [name for name in names if _key(name) != _key(theme.name)]


def parse_theme(old_name: str) -> Label | None:
    """
    The theme that an old name stands for, whatever its case and spaces.

    None for what is no theme (see `NOT_THEMES`) and for a name without a word.
    """
    key = _key(old_name)
    if key in _NOT_THEME_KEYS:
        return None
    return _THEME_BY_KEY.get(key) or _new_label(old_name, "theme")


def platforms() -> list[Label]:
    """The platforms of the catalogue by ascending slug."""
    return list(_PLATFORM_BY_KEY.values())


def parse_platform(old_name: str) -> Label | None:
    """The platform that an old name stands for; None for one without a word."""
    return _PLATFORM_BY_KEY.get(_key(old_name)) or _new_label(old_name, "platform")


def _new_label(name: str, kind: str) -> Label | None:
    """A label for a name that only a live database has; None for a name without a word."""
    name = " ".join(name.split())
    if not any(character.isalnum() for character in name):
        return None
    # Two names in another script must not become one entry.
    fallback = kind if name.isascii() else f"{kind}-{zlib.crc32(name.encode()):08x}"
    return Label(slug=slug_of(name, fallback=fallback), name=name)
