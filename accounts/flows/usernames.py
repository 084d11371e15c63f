"""Usernames: made up for people who were not asked for one, and held once they were given up."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import FormerUsername, User
from accounts.validators import RESERVED_USERNAMES, USERNAME_LENGTH
from audit import sealing
from audit.sealed import KeyedDigests

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


# --- names that are taken, and names that are held ------------------------------------------------


class UsernameHeld(Exception):
    """It was somebody's until lately, and nobody else gets it yet."""


def is_taken(username: str, *, by: User | None = None) -> bool:
    """Whether nobody may take it: somebody has it, or it is held for another than `by`. Two SELECTs.

    Decides nothing: the constraint on names does, and `demand_not_held` behind it."""
    return User.objects.filter(username=username).exists() or _is_held(username, by)


def demand_not_held(username: str, *, by: User | None = None) -> None:
    """Raise UsernameHeld for a name that is held for another than `by`. One SELECT.

    SECURITY: ask it in the transaction that took the name, and after it was taken. Asked before, a
    name that its owner gives up in this very moment would be free already and not held yet.
    """
    if _is_held(username, by):
        raise UsernameHeld


def hold(username: str, *, of: User | None = None) -> None:
    """Keep a name that was just given up from everybody but `of` for POLICY_USERNAME_HELD_DAYS; from
    everybody, where its owner goes. Call it in the transaction in which it becomes free. One INSERT."""
    FormerUsername.objects.create(digest=digest(username), user=of)


def digest(username: str) -> str:
    return sealing.keyed_digest(username, purpose="former username")


def suggest(like: str) -> list[str]:
    """Two names that are free now, near `like` where that is a name anybody may have. Two SELECTs."""
    near = like not in RESERVED_USERNAMES and len(like) <= USERNAME_LENGTH - 5
    names = [
        f"{like}-{secrets.randbelow(9_000) + 1_000}" if near else make_up() for _try in range(8)
    ]
    digests = {digest(name): name for name in names}
    taken = set(User.objects.filter(username__in=names).values_list("username", flat=True))
    held = _held().filter(digest__in=digests).values_list("digest", flat=True)
    taken |= {digests[one] for one in held}
    return [name for name in dict.fromkeys(names) if name not in taken][:2]


def taken_sentence(username: str) -> str:
    """That it is taken, and what is not."""
    names = suggest(username)
    if len(names) < 2:
        return _("That username is taken")
    return _("That username is taken. Try %(first)s or %(second)s.") % {
        "first": names[0],
        "second": names[1],
    }


def _held() -> QuerySet[FormerUsername]:
    since = timezone.now() - timedelta(days=settings.POLICY_USERNAME_HELD_DAYS)
    return FormerUsername.objects.filter(left_at__gt=since)


def _is_held(username: str, by: User | None) -> bool:
    rows = _held().filter(digest=digest(username))
    return (rows.exclude(user=by) if by else rows).exists()


def purge(batch: int) -> int:
    """Forget names that are held no more and count as changes no more; returns how many."""
    days = max(settings.POLICY_USERNAME_HELD_DAYS, settings.POLICY_USERNAME_CHANGE_DAYS)
    old = FormerUsername.objects.filter(left_at__lte=timezone.now() - timedelta(days=days))
    keys = list(old.values_list("pk", flat=True)[:batch])
    return FormerUsername.objects.filter(pk__in=keys).delete()[0] if keys else 0


DIGESTS = KeyedDigests(
    "usernames that were given up and are held",
    ("former username",),
    "anybody can take them at once",
    _held,
)
