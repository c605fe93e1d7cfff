"""What to do about an error of Microsoft Entra, by its AADSTS number.

One hint for each, with its source.

Entra's page warns that numbers may change: a hint is for people, and nothing here decides by one.
"""

from typing import Final

_ENTRA: Final = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
_CLIENT_CREDENTIALS: Final = "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"
_CERTIFICATES: Final = "https://learn.microsoft.com/entra/identity-platform/certificate-credentials"
_ASSERTIONS: Final = "https://learn.microsoft.com/azure/developer/java/sdk/troubleshooting-authentication-service-principal"
_WORKLOAD: Final = "https://azure.github.io/azure-workload-identity/docs/troubleshooting.html"
_MSAL: Final = "github.com/AzureAD/microsoft-authentication-library-for-dotnet"
_ID_WEB: Final = "github.com/AzureAD/microsoft-identity-web"


ENTRA_HINTS: Final[tuple[tuple[int, str, str], ...]] = (
    # --- what is asked for
    (
        1002012,
        (
            "Request 'scope' as the API's App ID URI and '/.default', for example 'api://orders/.default': in"
            " this flow Entra gives every application permission that was granted, never single ones"
        ),
        _CLIENT_CREDENTIALS,
    ),
    (70011, "Request 'scope' as the API's App ID URI and '/.default', for example 'api://orders/.default'", _ENTRA),
    (28002, "Request 'scope' as the API's App ID URI and '/.default', for example 'api://orders/.default'", _ENTRA),
    (700022, "Request one resource at a time: one App ID URI and '/.default'", _ENTRA),
    (
        900144,
        "A parameter is missing from the request; most often 'scope': set resource= or scope='api://orders/.default'",
        _ENTRA,
    ),
    (90014, "A field is missing from the request; most often 'scope': set resource= or scope='api://orders/.default'", _ENTRA),
    (90013, "A value of the request is not valid: check client_id, scope and tenant_id", _ENTRA),
    (
        901002,
        "Entra's v2.0 endpoint takes no 'resource' parameter: use scope='api://orders/.default' instead of resource=",
        _ENTRA,
    ),
    (
        9002313,
        "The request is malformed: check that the token endpoint ends in /oauth2/v2.0/token and takes form parameters",
        _ENTRA,
    ),
    (9000411, "A parameter is sent twice: check the query of token_endpoint, and what transport= adds", _ENTRA),
    (
        90023,
        (
            "Entra takes the request for invalid, and its description says why; most often a public "
            "registration that sends a secret, or two credentials in one request"
        ),
        _ENTRA,
    ),
    (900561, "The endpoint got another method than POST: check what transport= or a proxy changes", _ENTRA),
    (70003, "The grant is not offered here: token_endpoint must be the tenant's own, ending in /oauth2/v2.0/token", _ENTRA),
    # --- the secret
    (
        7000215,
        (
            "The client secret is wrong. Entra shows a 'Value' and a 'Secret ID': send the Value. A new "
            "secret may need a minute until every region knows it"
        ),
        _ENTRA,
    ),
    (7000222, "The client secret has expired: create a new one in the application's registration, or use a certificate", _ENTRA),
    (7000218, "No credential was sent: set client_secret, or private_key with a certificate", _ENTRA),
    (7000216, "No credential was sent: set client_secret, or private_key with a certificate", _ENTRA),
    (
        70002,
        "The credential is wrong: check client_secret, its expiry and client_id; a further number in the description says more",
        _ENTRA,
    ),
    (700025, "The registration is a public client, which has no secret: register a confidential application", _ENTRA),
    # --- the application and its tenant
    (
        700016,
        "The application is not known in this tenant: check client_id and tenant, and that an administrator consented",
        _ENTRA,
    ),
    (700011, "The application is not known in this tenant: check client_id and tenant", _ENTRA),
    (70001, "The application is disabled or not known in this tenant: enable it, or check client_id and tenant", _ENTRA),
    (7000112, "The application is disabled: enable it under 'Enterprise applications'", _ENTRA),
    (
        7000229,
        (
            "The application is registered and has no service principal in this tenant: create it ('az ad sp "
            "create --id' with the client id), and check tenant_id"
        ),
        "https://learn.microsoft.com/entra/identity-platform/app-objects-and-service-principals",
    ),
    (7000114, "The application may not call on behalf of others: use a registration of its own for client credentials", _ENTRA),
    (90002, "The tenant does not exist in this cloud: check tenant_id, and authority= for a sovereign cloud", _ENTRA),
    (900023, "The tenant is neither a GUID nor a domain name: check tenant_id", _ENTRA),
    (50059, "The token endpoint names no tenant: use the tenant's own endpoint, not /common or /organizations", _ENTRA),
    (50128, "The tenant cannot be told from the request: set tenant_id to the tenant's GUID or to one of its domains", _ENTRA),
    (90019, "The token endpoint names no tenant: use the tenant's own endpoint, not /common or /organizations", _ENTRA),
    (50194, "The application belongs to one tenant: use that tenant's endpoint, not /common", _ENTRA),
    (9001023, "Use the tenant's own endpoint: set tenant_id, not /common or /consumers", _ENTRA),
    (50034, "The account is not in this tenant: check the tenant; this flow itself needs no user account", _ENTRA),
    # --- the API and what may be done there
    (500011, "The API is not known in this tenant: check its App ID URI, and that it has a service principal here", _ENTRA),
    (500014, "The API's service principal is disabled: an administrator must enable it under 'Enterprise applications'", _ENTRA),
    (50001, "The API is disabled or not known in this tenant: check its App ID URI, and tenant and cloud", _ENTRA),
    (50105, "The API demands an assignment: assign one of its app roles to the application and grant admin consent", _ENTRA),
    (501051, "The application has no role of this API, which demands one: assign an app role and grant admin consent", _ENTRA),
    (
        65001,
        "No consent: an administrator must grant the application its permissions on this API ('Grant admin consent')",
        _ENTRA,
    ),
    (
        65005,
        "The API is not among the permissions of the application's registration, or is misconfigured: check 'API permissions'",
        _ENTRA,
    ),
    (650052, "The API has no service principal in this tenant: an administrator must create it, or consent to the API", _ENTRA),
    (
        650054,
        "The API was removed from the tenant: check the App ID URI, and the permissions of the application's registration",
        _ENTRA,
    ),
    (
        650056,
        (
            "The application lacks permissions or consent, or its id or certificate is wrong: check 'API "
            "permissions', admin consent and client_id"
        ),
        _ENTRA,
    ),
    (650057, "The API is not among the permissions of the application's registration: add it and grant admin consent", _ENTRA),
    (
        90009,
        "The application asks for a token for itself: set resource= to its client id (a GUID), not to its App ID URI",
        _ENTRA,
    ),
    (
        50146,
        "The API maps claims and needs a signing key of its own: its owner must configure one, or remove the mapping",
        _ENTRA,
    ),
    (
        501461,
        (
            "The API maps claims, which its audience does not allow: set resource= to its client id (a GUID),"
            " or let its owner configure a signing key"
        ),
        _ENTRA,
    ),
    (53003, "A Conditional Access policy for workload identities blocks this application or this network location", _ENTRA),
    (530032, "A security policy of the tenant blocks this request: an administrator must look at the tenant's policies", _ENTRA),
    # --- certificates and signed assertions
    (
        700027,
        (
            "The assertion's signature was not accepted: upload this very certificate to the application's "
            "registration, and check that it has not expired"
        ),
        _CERTIFICATES,
    ),
    (700024, "The assertion is outside of its valid time: set this machine's clock (NTP)", _CERTIFICATES),
    (700021, "The assertion names another client than client_id: check what transport= changes", _ASSERTIONS),
    (
        700023,
        (
            "Either scope names no resource (set resource= or scope='api://orders/.default'), or an assertion"
            " is meant for another endpoint: leave assertion_audience out, and check tenant and authority"
        ),
        _ASSERTIONS,
    ),
    (700030, "The certificate's subject is not authorized: register this certificate, or its subject name and issuer", _ENTRA),
    (
        50012,
        (
            "The certificate or the assertion was not accepted: upload this very certificate to the "
            "application's registration, and check the clock"
        ),
        _ENTRA,
    ),
    (50013, "The assertion is not valid: check its issuer, audience and times", _ENTRA),
    (50027, "The assertion is malformed: check private_key and certificate, and what transport= changes", _ASSERTIONS),
    (50048, "The assertion's subject must be its issuer, the client id: check what transport= changes", _ENTRA),
    (7000214, "The certificate was revoked: issue a new one and upload it to the application's registration", _ID_WEB),
    (
        7000274,
        "The assertion's signature does not fit the certificate: check that private_key and certificate belong together",
        _ID_WEB,
    ),
    (7000277, "The certificate was revoked: issue a new one and upload it to the application's registration", _ID_WEB),
    (
        1000502,
        "The certificate has expired or is not valid yet: issue a new one and upload it to the application's registration",
        _ID_WEB,
    ),
    (5002730, 'Entra refuses the assertion\'s algorithm here: set signing_algorithm="RS256"', _MSAL),
    (392200, "The endpoint wants a TLS client certificate: put it into transport=, or use the ordinary endpoint", _MSAL),
    # --- federated assertions
    (
        70021,
        (
            "No federated credential of the application fits the assertion: compare issuer (mind its trailing"
            " slash), subject and audience; a new one takes some minutes"
        ),
        _WORKLOAD,
    ),
    (
        700211,
        "No federated credential has this issuer: enter the assertion's 'iss' to the letter, with or without its trailing slash",
        "github.com/Azure/azure-workload-identity#1200",
    ),
    (700213, "No federated credential has this subject: enter the assertion's 'sub' to the letter", "github.com/Azure/login#482"),
    (
        7002137,
        "No federated credential has this subject: enter the subject that the description names",
        "github.com/microsoft/Agents#202",
    ),
    (
        7002138,
        "The federated credential's subject differs in case only: enter the assertion's 'sub' to the letter",
        "https://learn.microsoft.com/entra/identity-platform/reference-breaking-changes, github.com/Azure/login#517",
    ),
    (
        700229,
        "A token of Entra serves as an assertion only if it is an application's own: obtain it by client credentials",
        _ENTRA,
    ),
    (90061, "Entra cannot fetch the keys of the assertion's issuer: publish its metadata and keys on the internet", _WORKLOAD),
    # --- clouds and endpoints
    (50049, "The host of the token endpoint is not known to Entra: check authority=", _ENTRA),
    (51000, "A feature that the request needs is off in this tenant: use the tenant's ordinary token endpoint", _ENTRA),
    (90027, "This tenant needs the v2.0 endpoint: token_endpoint must end in /oauth2/v2.0/token", _ENTRA),
    (
        90038,
        (
            "The tenant is in another national cloud: set authority= to that cloud's host, for example "
            "https://login.microsoftonline.us"
        ),
        _ENTRA,
    ),
    (90051, "The national cloud is not known: set authority= to the host of the tenant's cloud", _ENTRA),
    (900382, "A confidential client cannot be used across clouds: register it in the cloud of the API", _ENTRA),
    (900432, "A confidential client cannot be used across clouds: register it in the cloud of the API", _ENTRA),
    (100007, "Regional endpoints are not for this application: use https://login.microsoftonline.com as authority", _ENTRA),
    # --- passing
    (50196, "Entra saw the same request too often: use one ClientCredentials object for the whole process", _ENTRA),
    (90006, "Entra is unavailable for a moment; it is asked again after a pause", _ENTRA),
    (90012, "Entra took too long; it is asked again after a pause", _ENTRA),
    (90024, "Entra had a passing error; it is asked again after a pause", _ENTRA),
    (90033, "Entra is unavailable for a moment; it is asked again after a pause", _ENTRA),
    (90055, "Entra throttles the tenant: use one ClientCredentials object for the whole process, and fewer processes", _ENTRA),
)
"""Number, advice and source, sorted by what they are about."""
