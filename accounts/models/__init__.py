from accounts.models.activity import ActivityAnswer
from accounts.models.approval import Approval
from accounts.models.botcheck import HeldSecrets, SpentProof
from accounts.models.consent import Consent
from accounts.models.data_export import DataExport, DataExportPiece
from accounts.models.device import KnownDevice
from accounts.models.former_username import FormerUsername
from accounts.models.job import JobRun
from accounts.models.letter import LetterRecord
from accounts.models.limits import OwnLimits
from accounts.models.lockout import Lockout
from accounts.models.mail import OutgoingMail
from accounts.models.network_rule import NetworkRule
from accounts.models.phone import Phone
from accounts.models.sent_code import SentCode
from accounts.models.session import Session
from accounts.models.signup import Confirmation, PendingSignup
from accounts.models.staff_note import StaffNote
from accounts.models.tally import Tally
from accounts.models.undo import AddressSince, ChangeSet
from accounts.models.unlock import UnlockLetter
from accounts.models.user import User

__all__ = [
    "ActivityAnswer",
    "AddressSince",
    "Approval",
    "ChangeSet",
    "Confirmation",
    "Consent",
    "DataExport",
    "DataExportPiece",
    "FormerUsername",
    "HeldSecrets",
    "JobRun",
    "KnownDevice",
    "LetterRecord",
    "Lockout",
    "NetworkRule",
    "OutgoingMail",
    "OwnLimits",
    "PendingSignup",
    "Phone",
    "SentCode",
    "Session",
    "SpentProof",
    "StaffNote",
    "Tally",
    "UnlockLetter",
    "User",
]
