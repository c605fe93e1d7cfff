"""Whose tokens are accepted: one file for each preset, and what an issuer of your own is made of.

::

    from bearerguard import Issuer
    from bearerguard.issuers import ClaimRule, Profile

    Issuer("https://issuer.example", profile=Profile(roles=(("app", "roles"),), rules=(ClaimRule(("zone",)),)))
"""

from bearerguard.issuers.application import application_by_idtyp, application_by_subject
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.profile import Profile
from bearerguard.issuers.request_form import RequestForm

__all__ = ["ClaimRule", "Profile", "RequestForm", "application_by_idtyp", "application_by_subject"]
