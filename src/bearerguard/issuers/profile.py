"""How one issuer's tokens are read: declared, never guessed."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.application import CLIENT, IsApplication, application_by_subject
from bearerguard.issuers.claim_rule import ClaimRule, check_path
from bearerguard.issuers.claim_values import NOTHING, ClaimPath, Claims, claim_at, first_claim, scopes_in, text_or_none
from bearerguard.issuers.roles_form import ROLES_IN, RolesForm, check_roles_form, roles_problem

TENANT: Final = "{tenantid}"
_new: Final = tuple.__new__  # to call a NamedTuple takes twice as long


class Reading(NamedTuple):
    """What a profile reads from the claims of a verified token.

    ``roles_problem`` says why a roles claim that is there grants nothing; else it is empty.
    """

    client: str | None
    tenant: str | None
    roles: frozenset[str]
    scopes: frozenset[str]
    is_application: bool
    roles_problem: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Where an issuer puts roles, scopes, client and tenant, and what else its tokens must hold.

    Attributes:
        name: For logs and ``status()``.
        roles: Paths of role names; all of them count.
        roles_form: In which form the roles are; see ``RolesForm``.
        scopes: Paths of scopes, string or array; the first that is present counts.
        client: Paths of the calling application's id; the first that is present counts.
        client_required: Refuse tokens that name no client. ID tokens carry no client claim.
        tenant: Paths of the tenant id; the first that is present counts.
        audience_claim: The claim that names the audience: ``aud``, or ``client_id`` for Amazon
            Cognito.
        rules: What the claims must hold.
        tenant_in_issuer: ``tid`` must equal the tenant in ``iss`` (Microsoft Entra).
        key_issuers: Issuers, ``{tenantid}`` allowed, that a key may name in its own ``issuer``
            member; empty ignores the member.
        graph_nonce: Refuse tokens whose header has ``nonce``: they are Microsoft Graph's, and only
            Graph can verify them.
        nonce_marks_id_tokens: Refuse tokens with the claim ``nonce``, unless they are typed
            ``at+jwt``. Presets whose access tokens have another mark leave it out.
        insecure_accept_id_tokens: Accept tokens with any mark of ID tokens. It is logged.
        is_application: Tells an application's own token from one that acts for a user, given claims
            and roles.
        application_scopes: What the scopes of an application's own token are: ``"scopes"`` alone,
            app ``"roles"`` as well (Azure AD B2C), or ``"nothing"`` (Microsoft Entra).

    Raises:
        ConfigurationError: a value is of the wrong kind, or ``client_required`` is set and
            ``client`` names no claim.
    """

    name: str = "generic"
    roles: tuple[ClaimPath, ...] = (("roles",),)
    roles_form: RolesForm = "array"
    scopes: tuple[ClaimPath, ...] = (("scope",), ("scp",))
    client: tuple[ClaimPath, ...] = CLIENT
    client_required: bool = False
    tenant: tuple[ClaimPath, ...] = ()
    audience_claim: str = "aud"
    rules: tuple[ClaimRule, ...] = ()
    tenant_in_issuer: bool = False
    key_issuers: tuple[str, ...] = ()
    graph_nonce: bool = False
    nonce_marks_id_tokens: bool = True
    insecure_accept_id_tokens: bool = False
    is_application: IsApplication = application_by_subject
    application_scopes: Literal["scopes", "roles", "nothing"] = "scopes"

    def __post_init__(self) -> None:
        """Checks the kinds: a text in place of a tuple would be read letter by letter."""
        for name in ("roles", "scopes", "client", "tenant"):
            paths = getattr(self, name)
            if not isinstance(paths, tuple):
                raise ConfigurationError(
                    name, f"expected a tuple of paths, got {show(paths)}", example='(("realm_access", "roles"),)'
                )
            for path in paths:
                check_path(name, path)
        check_roles_form(self.roles_form)
        if not isinstance(self.audience_claim, str) or not self.audience_claim:
            problem = f"expected the name of a claim, got {show(self.audience_claim)}"
            raise ConfigurationError("audience_claim", problem, example='"client_id"')
        _check_tuple("rules", self.rules, ClaimRule, example='(ClaimRule(("ver",), values=frozenset({"2.0"})),)')
        _check_tuple("key_issuers", self.key_issuers, str, example='("https://login.example/{tenantid}/v2.0",)')
        if not callable(self.is_application):
            problem = f"expected a function of claims and roles, got {show(self.is_application)}"
            raise ConfigurationError("is_application", problem, example="application_by_idtyp")
        if self.client_required and not self.client:
            raise ConfigurationError("client_required", "client= names no claim", example='Profile(client=(("azp",),), …)')

    def read(self, claims: Claims) -> Reading:
        """Everything a principal is made of."""
        roles, scopes = self.roles_of(claims), self.scopes_of(claims)
        is_application = self.is_application(claims, roles)
        if is_application and self.application_scopes == "roles":
            roles |= scopes
        elif is_application and self.application_scopes == "nothing":
            scopes = NOTHING
        problem = "" if roles else roles_problem(claims, self.roles, self.roles_form)
        return _new(Reading, (self.client_of(claims), self.tenant_of(claims), roles, scopes, is_application, problem))

    def roles_of(self, claims: Claims) -> frozenset[str]:
        """The names in the roles claims; a claim of another form than declared grants none."""
        names_in = ROLES_IN[self.roles_form]
        if len(self.roles) == 1:
            return names_in(first_claim(claims, self.roles))
        return NOTHING.union(*(names_in(claim_at(claims, path)) for path in self.roles))

    def scopes_of(self, claims: Claims) -> frozenset[str]:
        """The scopes."""
        return scopes_in(first_claim(claims, self.scopes))

    def client_of(self, claims: Claims) -> str | None:
        """Id of the calling application, ``None`` where the token names none."""
        return text_or_none(first_claim(claims, self.client))

    def tenant_of(self, claims: Claims) -> str | None:
        """Id of the tenant, ``None`` where the token names none."""
        return text_or_none(first_claim(claims, self.tenant))

    def accepts_key_of(self, named: str, claims: Claims) -> bool:
        """Whether a key that names its own issuer may verify this token: never another tenant's."""
        if not self.key_issuers:
            return True
        tenant = self.tenant_of(claims)
        if tenant is None:
            return False
        if named in self.key_issuers:
            return True  # usual, and much cheaper
        return named.replace(TENANT, tenant) in {issuer.replace(TENANT, tenant) for issuer in self.key_issuers}


def _check_tuple(parameter: str, values: object, kind: type, *, example: str) -> None:
    if not isinstance(values, tuple) or not all(isinstance(value, kind) for value in values):
        raise ConfigurationError(parameter, f"expected a tuple of {kind.__name__}, got {show(values)}", example=example)
