"""What this room keeps of a person and does not hand out, and what of it outlasts them; and why."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.personal_data import LeftOut

LEFT_OUT = (
    LeftOut(
        _("Your password"),
        _("Only a hash of it is kept. Whoever has the hash can try passwords on it at home."),
        tables=("accounts.User",),
    ),
    LeftOut(
        _("The keys of your sessions and devices"),
        _("Whoever has them is signed in as you, or passes for your device."),
        tables=("accounts.Session", "accounts.KnownDevice"),
    ),
    LeftOut(
        _("Codes and links that were sent to you"),
        _("They are kept as digests only, and run out within hours."),
        tables=("accounts.SentCode", "accounts.UnlockLetter", "account.EmailConfirmation"),
    ),
    LeftOut(
        _("Usernames that you gave up"),
        _("They are kept as digests only, so that nobody else takes them at once."),
        tables=("accounts.FormerUsername",),
    ),
    LeftOut(
        _("The text of emails and texts"),
        _("You have them. Here they are wiped once they are sent."),
        tables=("accounts.OutgoingMail",),
    ),
    LeftOut(
        _("What was before a change that can still be undone"),
        _("It holds the hash of a former password and former second steps."),
        tables=("accounts.ChangeSet",),
    ),
    LeftOut(
        _("The copy of your data itself"),
        _("You are reading it. Here it rests sealed, until it runs out."),
        tables=("accounts.DataExportPiece",),
    ),
    LeftOut(
        _("How often wrong passwords were tried for your account"),
        _("The counts last for hours, and are under names that cannot be read back."),
        tables=("axes.AccessAttempt",),
    ),
    LeftOut(
        _("What you did to others or to this site as staff"),
        _("It is about other people. Of entries about you, who of the staff it was is left out."),
        tables=(
            *("accounts.NetworkRule", "accounts.StaffNote", "accounts.User_user_permissions"),
            "audit.Entry",
        ),
    ),
    LeftOut(
        _("Alerts of staff, if your account was attacked, and those that you closed as staff"),
        _("They are made of what stands under Activity, and hold numbers besides."),
        tables=("audit.Alert",),
    ),
    LeftOut(
        _("Keys of the security log"),
        _("They open what is sealed there, which you get opened."),
        tables=("audit.SubjectKey", "audit.Entry"),
    ),
    LeftOut(
        _("What staff asked one another to do for you, and have not done yet"),
        _("It names the colleague. What was done stands under Activity."),
        tables=("accounts.Approval",),
    ),
)

# Why the erased person is still named, if by a name that leads nowhere.
KEPT = {
    "accounts.User": "goes last, with what the database itself hangs on it",
    "accounts.StaffNote": "who wrote a note about somebody else; notes about the person go",
    "accounts.NetworkRule": "who set a rule about a network, as the trail names people",
    "audit.Alert": "whom it is about and who closed it, as the trail names people",
    "audit.Entry": "never changed; nobody can read what was personal in it once its key is dropped",
    "audit.SubjectKey": "an empty row stays, so that no new key is made under the name",
}
