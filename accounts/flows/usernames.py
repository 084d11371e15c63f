"""Usernames for people who were not asked for one."""

from __future__ import annotations

import secrets

# Calm, short, the same in every accent; no word that says something about a person.
_FIRST = """
    amber ample autumn azure balmy basalt birch breezy bright bronze brown calm cedar chalk cherry
    chilly clear clever cloudy clover cobalt copper coral cosy crimson crisp curly dapper dappled
    deep dewy downy dusky eager early earthy east ebony even evening faint fair fallow fern firm
    fleet floral fluffy foggy free fresh frosty gentle gilded ginger glad golden grand granite grassy
    green grey hardy hazel hearty heather hidden hilly honey humble indigo iron ivory ivy jade jolly
    keen kindly lasting late lavender leafy level light lilac lively lofty lone lucid lunar maple
    marble mellow merry mild minty misty modest mossy narrow navy neat nimble noble north oaken ochre
    olive opal open orange pale patient pearly pebbly pine plain polar proud quick quiet rainy rapid
    ready ripe rocky rosy round rustic sable saffron sandy scarlet sedate serene shady silent silver
    simple slate sleek slow smooth snowy soft solar solid south spring spry stable starry steady
    still stony sturdy sunny sure swift tall teal tidy timber topaz tranquil true umber upland velvet
    verdant violet vivid warm west whole wide windy winter wise woody young"""
_SECOND = """
    acorn almond alpaca anchor apple apron arbour atlas badger bagel bamboo barley barn basil basket
    bay beacon beaver bell berry bison blossom bobbin bonnet book bramble branch bridge brook bucket
    bus button cabin candle canoe canyon carrot castle cello chimney cider cloud coast cobble comet
    compass cottage cove cricket crow cup curlew daisy dale deer delta dolphin door dove drum dune
    eagle echo elk elm falcon feather fern ferry fiddle field finch fjord flute forest fountain fox
    garden garnet gate glade glen goose grove gull hamlet harbour hare harp hawk hedge heron hill
    hive hollow horizon inlet island jacket jar kettle kite ladder lagoon lake lamp lantern lark leaf
    ledger lemon lighthouse linden loom lynx magpie mantle marsh meadow melon mill mitten moon moor
    moth mountain muffin needle nest nutmeg oak oasis oboe orbit orchard osprey otter owl oyster
    paddle panda parsley path peach pebble pelican pepper petal piano pigeon pillow plateau plum pond
    poplar poppy prairie puffin quail quarry quill quilt rabbit raft raven reed ridge river robin
    rowan sail salmon sparrow spoon spruce squirrel star stone stream summit swallow swan tea temple
    thicket thistle thrush tower trail tulip tunnel turtle valley village walnut weaver willow
    window wren"""
FIRST, SECOND = _FIRST.split(), _SECOND.split()


def make_up() -> str:
    """`quiet-harbour-4821`: free in all likelihood (one in some hundred million), not for certain.
    The caller's INSERT decides, and another call makes another name."""
    return f"{secrets.choice(FIRST)}-{secrets.choice(SECOND)}-{secrets.randbelow(10_000):04}"
