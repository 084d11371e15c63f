"""What an authenticator is called: by the AAGUID that its maker gave to the whole model.

The number is said by whoever registers and proves nothing; a name made from it is a courtesy, which
its owner can change. Many say none (all zeros), and then it is a passkey like any other.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

UNKNOWN = "00000000-0000-0000-0000-000000000000"
_YUBIKEY_5, _YUBICO = "YubiKey 5", "Security Key by Yubico"
NAMES = {
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain",
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
    "b5397666-4885-aa6b-cebf-e52262a439a2": "Chromium",
    "771b48fd-d3d4-4f74-9232-fc157ab0507a": "Edge on Mac",
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
    "90a3ccdf-635c-4729-a248-9b709135078f": "Microsoft Authenticator",
    "de1e552d-db1d-4423-a619-566b625cdc84": "Microsoft Authenticator",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
    "531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
    "fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
    "b84e4048-15dc-4dd0-8640-f4f60813c8af": "NordPass",
    "50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
    "0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6": "Keeper",
    "f3809540-7f14-49c1-a8b3-8f813b225541": "Enpass",
    "b78a0a55-6ef8-d246-a042-ba0f6d55050c": "LastPass",
    "cb69481e-8ff7-4039-93ec-0a2729a154a8": _YUBIKEY_5,
    "ee882879-721c-4913-9775-3dfcce97072a": _YUBIKEY_5,
    "fa2b99dc-9e39-4257-8f92-4a30d23c4118": _YUBIKEY_5,
    "2fc0579f-8113-47ea-b116-bb5a8db9202a": _YUBIKEY_5,
    "c5ef55ff-ad9a-4b9f-b580-adebafe026d0": _YUBIKEY_5,
    "73bb0cd4-e502-49b8-9c6f-b59445bf720b": _YUBIKEY_5,
    "d8522d9f-575b-4866-88a9-ba99fa02f35b": "YubiKey Bio",
    "f8a011f3-8c0a-4d15-8006-17111f9edc7d": _YUBICO,
    "b92c3f9a-c014-4056-887f-140a2501163b": _YUBICO,
    "6d44ba9b-f6ec-2e49-b930-0c8fe920cb73": _YUBICO,
    "149a2021-8ef6-4133-96b8-81f8d5b7f1f5": _YUBICO,
    "42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3": "Titan Security Key",
    "2cd2f727-f6ca-44da-8f48-5c2e5da000a2": "Nitrokey 3",
    "8876631b-d4a0-427f-5773-0ec71c9e0279": "Solo",
}
# By what a key is plugged in or held against.
_LOOSE = frozenset({"usb", "nfc", "ble", "smart-card"})


def name_of(aaguid: str, transports: list[str]) -> str:
    """The name of its maker's, or what it is."""
    known = NAMES.get(aaguid.lower())
    if known:
        return known
    is_key = bool(_LOOSE.intersection(transports)) and "internal" not in transports
    return _("Security key") if is_key else _("Passkey")
