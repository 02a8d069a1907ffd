"""Forged tokens, one way each: none is taken, each for its own reason, and none uses the genuine one up."""

import base64
import hashlib
import hmac
import json

import pytest
from access_world import NOW, PORTAL, WIKI, World, encoded, signed
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from access.embeds import change_embed, remove_embed
from access.keys import forget_key, new_key
from access.refusals import Refused

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = (
    RSA_KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
EVIL = "https://evil.example"
SHAPE = "the token has not the shape of one"
JSON = "the token's JSON can't be read"
HEADER = "the token's header is not as agreed"
ISSUER = "there is no key for the token's issuer"
SIGNATURE = "the token's signature is not by the key of portal"
LIFE = "the token of portal lives longer than 600 s"
FUTURE = "the token of portal is of the future"
EXPIRED = "the token of portal has expired"
NULL = "the token has a claim that is null"
OTHER_ORIGIN = "the token of portal is for another origin than the request's"
NOT_ITS_ORIGIN = "the origin in the token of portal is not one of the embed's"
NOT_ITS_COLLECTION = "the token of portal names a collection that is not this embed's"
NOTHING_TO_SEE = "there is no collection of portal that the visitor's groups see"
OFF = "there is no embed portal, or it is off"


def claims_wrong(*names):
    return f"the token of portal has other claims than agreed: {', '.join(names)}"


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory):
    """For the many that change nothing."""
    made = World(tmp_path_factory.mktemp("unchanged"))
    yield made
    made.database.close()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.database.close()


def refusal(enter, *given):
    """Why it was not let in; what is said of it is always the same."""
    with pytest.raises(
        Refused, match=r"^You are not let in here\. Load the page again, or sign in again\.$"
    ) as refused:
        enter(*given)
    return refused.value.reason


def parts(world):
    return world.token().split(".")


def unsigned(world, algorithm, signature=""):
    return f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{encoded(world.claims())}.{signature}"


def rsa_signed(world):
    content = f"{encoded({'alg': 'RS256', 'typ': 'JWT'})}.{encoded(world.claims())}"
    return f"{content}.{encoded(RSA_KEY.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def other_words(world):
    """The genuine header and signature around other claims."""
    header, _, signature = parts(world)
    return f"{header}.{encoded(world.claims(groups=['board']))}.{signature}"


def loose_end(world):
    """The genuine token with the bits changed that base64 has no use for at its end."""
    token = world.token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def loose_middle(world):
    """A signed token whose payload is spelt in a way that decodes to the same bytes."""
    header = encoded({"alg": "HS256", "typ": "JWT"})
    payload = encoded(" " * (3 - len(json.dumps(world.claims())) % 3 + 1) + json.dumps(world.claims()))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(payload) % 4
    payload = payload[:-1] + alphabet[alphabet.index(payload[-1]) ^ 1]
    return with_signature(f"{header}.{payload}", world.key)


def with_signature(content, key):
    key = key if isinstance(key, bytes) else key.encode()
    return f"{content}.{encoded(hmac.new(key, content.encode(), hashlib.sha256).digest())}"


def standard_alphabet(world):
    """A signed token in the alphabet of ordinary base64."""
    claims = world.claims(sub="???>>>???>>>~~~")
    parts = [
        base64.b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "HS256", "typ": "JWT"}, claims)
    ]
    assert set("+/") & set(parts[1])
    return with_signature(".".join(parts), world.key)


def raw(world, payload, header='{"alg":"HS256","typ":"JWT"}'):
    """A genuine signature around any bytes."""
    return signed(header, payload, world.key)


def text(world, **changes):
    return json.dumps(world.claims(**changes))


FORGERIES = {
    # the header
    "no algorithm, no signature": (lambda w: unsigned(w, "none"), SHAPE),
    "no algorithm, some signature": (lambda w: unsigned(w, "none", "A" * 43), HEADER),
    "no algorithm, the genuine signature": (lambda w: unsigned(w, "none", parts(w)[2]), HEADER),
    "no algorithm in another case": (lambda w: unsigned(w, "nOnE", "A" * 43), HEADER),
    "algorithm in lower case": (lambda w: w.token({"alg": "hs256"}), HEADER),
    "algorithm left out": (lambda w: w.token({"alg": ...}), HEADER),
    "algorithm as a list": (lambda w: w.token({"alg": ["HS256"]}), HEADER),
    "HS512 with the right key": (
        lambda w: signed({"alg": "HS512", "typ": "JWT"}, w.claims(), w.key, hashlib.sha512),
        SHAPE,
    ),
    "HS384 claimed": (lambda w: w.token({"alg": "HS384"}), HEADER),
    "signed with a key pair": (rsa_signed, SHAPE),
    "key pair's public half as a shared secret": (lambda w: w.token(key=PUBLIC_PEM), SIGNATURE),
    "key pair claimed, shared secret used": (lambda w: w.token({"alg": "RS256"}, key=PUBLIC_PEM), HEADER),
    "a key of its own inside": (
        lambda w: w.token({"jwk": {"kty": "oct", "k": encoded("A" * 32)}}, key="A" * 32),
        HEADER,
    ),
    "a key's address": (lambda w: w.token({"jku": f"{EVIL}/keys.json"}), HEADER),
    "a certificate's address": (lambda w: w.token({"x5u": f"{EVIL}/x.pem"}), HEADER),
    "a certificate inside": (lambda w: w.token({"x5c": ["MIIB"]}), HEADER),
    "a key's name that is a path": (lambda w: w.token({"kid": "../../../../dev/null"}, key="A" * 32), HEADER),
    "a key's name that is a query": (lambda w: w.token({"kid": "x' UNION SELECT 'AAAA"}, key="A" * 32), HEADER),
    "a key's name that is right": (lambda w: w.token({"kid": "portal"}), HEADER),
    "critical extensions": (lambda w: w.token({"crit": ["exp"], "exp": NOW}), HEADER),
    "payload not encoded": (lambda w: w.token({"b64": False, "crit": ["b64"]}), HEADER),
    "compressed": (lambda w: w.token({"zip": "DEF"}), HEADER),
    "nested": (lambda w: w.token({"cty": "JWT"}), HEADER),
    "no type": (lambda w: w.token({"typ": ...}), HEADER),
    "type of an access token": (lambda w: w.token({"typ": "at+jwt"}), HEADER),
    "type of ours": (lambda w: w.token({"typ": "footnote+jwt"}), HEADER),
    "two algorithms": (lambda w: raw(w, text(w), '{"alg":"none","typ":"JWT","alg":"HS256"}'), JSON),
    # the signature
    "other claims under the signature": (other_words, SIGNATURE),
    "no signature": (lambda w: ".".join(parts(w)[:2]) + ".", SHAPE),
    "signature left out": (lambda w: ".".join(parts(w)[:2]), SHAPE),
    "signature cut": (lambda w: w.token()[:-1], SHAPE),
    "signature of noughts": (lambda w: ".".join(parts(w)[:2]) + "." + "A" * 43, SIGNATURE),
    "another embed's key": (lambda w: w.token(key=w.wiki_key), SIGNATURE),
    "an empty key": (lambda w: with_signature(".".join(parts(w)[:2]), ""), SIGNATURE),
    "the key's bytes and not its characters": (
        lambda w: with_signature(".".join(parts(w)[:2]), base64.urlsafe_b64decode(w.key + "=")),
        SIGNATURE,
    ),
    # the spelling
    "empty": (lambda w: "", SHAPE),
    "dots": (lambda w: "..", SHAPE),
    "four parts": (lambda w: w.token() + ".e30", SHAPE),
    "padded": (lambda w: w.token() + "=", SHAPE),
    "space before": (lambda w: " " + w.token(), SHAPE),
    "line break after": (lambda w: w.token() + "\n", SHAPE),
    "NUL after": (lambda w: w.token() + "\0", SHAPE),
    "a dot that is no dot": (lambda w: w.token().replace(".", "\u2024"), SHAPE),
    "letters that are no letters": (lambda w: w.token().replace("e", "\uff45"), SHAPE),
    "another spelling of the signature": (loose_end, SIGNATURE),
    "another spelling of the payload": (loose_middle, "the token's JSON is not as agreed"),
    "the other alphabet": (standard_alphabet, SHAPE),
    "huge": (lambda w: w.token(sub="a" * 4096), SHAPE),
    "very huge": (lambda w: "A" * 10_000_000, SHAPE),
    # the JSON
    "a name twice": (lambda w: raw(w, text(w)[:-1] + ', "sub": "root"}'), JSON),
    "the issuer twice": (lambda w: raw(w, '{"iss": "wiki", ' + text(w)[1:]), JSON),
    "a list": (lambda w: raw(w, "[]"), "the token's JSON is not as agreed"),
    "deep": (lambda w: raw(w, '{"a":' + "[" * 2900), JSON),
    "not a number": (lambda w: raw(w, text(w).replace(str(NOW + 300), "NaN")), JSON),
    "for ever": (lambda w: raw(w, text(w).replace(str(NOW + 300), "Infinity")), JSON),
    "for ever in digits": (lambda w: raw(w, text(w).replace(str(NOW + 300), "9" * 2000)), claims_wrong("exp")),
    "for ever as an exponent": (lambda w: raw(w, text(w).replace(str(NOW + 300), "1e400")), claims_wrong("exp")),
    "a mark before it": (lambda w: raw(w, "\ufeff" + text(w)), JSON),
    "UTF-16": (lambda w: raw(w, text(w).encode("utf-16-le")), JSON),
    "no UTF-8": (lambda w: raw(w, text(w).encode().replace(b"anna", b"\xff\xfe")), JSON),
    # who, and for whom
    "another audience": (lambda w: w.token(aud="billing"), claims_wrong("aud")),
    "our own audience": (lambda w: w.token(aud="footnote-visitor"), claims_wrong("aud")),
    "audiences": (lambda w: w.token(aud=["footnote", "billing"]), claims_wrong("aud")),
    "no audience": (lambda w: w.token(aud=...), claims_wrong("aud")),
    "an issuer that is not there": (lambda w: w.token(iss="nowhere"), ISSUER),
    "an issuer in another case": (lambda w: w.token(iss="Portal"), ISSUER),
    "an issuer that begins alike": (lambda w: w.token(iss="portal-2"), ISSUER),
    "an issuer that is a path": (lambda w: w.token(iss="../portal"), ISSUER),
    "an issuer that is the server": (lambda w: w.token(iss="server"), ISSUER),
    "issuers": (lambda w: w.token(iss=["portal"]), ISSUER),
    "no issuer": (lambda w: w.token(iss=...), ISSUER),
    "another embed's name": (
        lambda w: w.token(iss="wiki"),
        "the token's signature is not by the key of wiki",
    ),
    "another embed's token": (
        lambda w: w.token(iss="wiki", key=w.wiki_key),
        "the origin in the token of wiki is not one of the embed's",
    ),
    "a user with a line break": (lambda w: w.token(sub="anna\nroot"), claims_wrong("sub")),
    "a user that is no text": (lambda w: w.token(sub=1), claims_wrong("sub")),
    "half a character as a user": (lambda w: w.token(sub="\ud800"), claims_wrong("sub")),
    "a user that turns the line around": (lambda w: w.token(sub="\u202eanna"), claims_wrong("sub")),
    "groups as a text": (lambda w: w.token(groups="board"), claims_wrong("groups")),
    "groups as an object": (lambda w: w.token(groups={"board": 1}), claims_wrong("groups")),
    "groups in groups": (lambda w: w.token(groups=[["board"]]), claims_wrong("groups")),
    "a group with a space after it": (lambda w: w.token(groups=["board "]), claims_wrong("groups")),
    "null groups": (lambda w: w.token(groups=None), NULL),
    "null collections": (lambda w: w.token(collections=None), NULL),
    "unknown claims": (lambda w: w.token(admin=True), claims_wrong("unknown ones")),
    "a scope": (lambda w: w.token(scope="all"), claims_wrong("unknown ones")),
    # where
    "another origin": (lambda w: w.token(origin=EVIL), OTHER_ORIGIN),
    "no origin": (lambda w: w.token(origin=...), claims_wrong("origin")),
    "origins": (lambda w: w.token(origin=[PORTAL]), claims_wrong("origin")),
    "every origin": (lambda w: w.token(origin="*"), OTHER_ORIGIN),
    "another embed's origin": (lambda w: w.token(origin=WIKI), OTHER_ORIGIN),
    "an origin in another spelling": (lambda w: w.token(origin=f"{PORTAL}:443"), OTHER_ORIGIN),
    "an origin with a path": (lambda w: w.token(origin=f"{PORTAL}/"), OTHER_ORIGIN),
    # what
    "another embed's collection": (lambda w: w.token(collections=["secrets"]), NOT_ITS_COLLECTION),
    "a collection of its own and another": (lambda w: w.token(collections=["cases", "secrets"]), NOT_ITS_COLLECTION),
    "a collection in another case": (lambda w: w.token(collections=["Cases"]), NOT_ITS_COLLECTION),
    "a collection that begins alike": (lambda w: w.token(collections=["cases2"]), NOT_ITS_COLLECTION),
    "all collections": (lambda w: w.token(collections=["*"]), claims_wrong("collections")),
    "a collection that is a query": (lambda w: w.token(collections=["a' OR 1=1"]), claims_wrong("collections")),
    "collections as a text": (lambda w: w.token(collections="cases"), claims_wrong("collections")),
    "no collections at all": (lambda w: w.token(collections=[]), NOTHING_TO_SEE),
    "a collection that no group sees": (lambda w: w.token(collections=["cases"], groups=[]), NOTHING_TO_SEE),
    # when
    "a minute after its end": (lambda w: w.token(iat=NOW - 360, exp=NOW - 60), EXPIRED),
    "from long ago": (lambda w: w.token(iat=NOW - 10**8, exp=NOW - 10**8 + 300), EXPIRED),
    "from the beginning of time": (lambda w: w.token(iat=0, exp=1), EXPIRED),
    "too early": (lambda w: w.token(iat=NOW + 61, exp=NOW + 300), FUTURE),
    "not yet": (lambda w: w.token(nbf=NOW + 61), FUTURE),
    "too long": (lambda w: w.token(exp=NOW + 601), LIFE),
    "too long into the past": (lambda w: w.token(iat=NOW - 601), LIFE),
    "for a year": (lambda w: w.token(exp=NOW + 365 * 86400), LIFE),
    "ends before it begins": (lambda w: w.token(iat=NOW, exp=NOW), LIFE),
    "no end": (lambda w: w.token(exp=...), claims_wrong("exp")),
    "no beginning": (lambda w: w.token(iat=...), claims_wrong("iat")),
    "end as a text": (lambda w: w.token(exp=str(NOW + 300)), claims_wrong("exp")),
    "end that is true": (lambda w: w.token(exp=True), claims_wrong("exp")),
    "null end": (lambda w: w.token(exp=None), NULL),
    "before time began": (lambda w: w.token(iat=-1), claims_wrong("iat")),
    "no id": (lambda w: w.token(jti=...), claims_wrong("jti")),
    "an empty id": (lambda w: w.token(jti=""), claims_wrong("jti")),
    "a number as id": (lambda w: w.token(jti=12345678), claims_wrong("jti")),
    "an id beyond measure": (lambda w: w.token(jti="a" * 129), claims_wrong("jti")),
    # our own
    "our own token": (lambda w: w.own_token(), HEADER),
    "our own token under the host's type": (
        lambda w: w.token(aud="footnote-visitor", jti=..., key=w.keys.own("portal").hex()),
        SIGNATURE,
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_is_refused_at_the_exchange(unchanged, name):
    forge, reason = FORGERIES[name]
    forged = forge(unchanged)
    used = unchanged.database.run("SELECT count(*) FROM used")
    assert refusal(unchanged.exchange, forged) == reason
    assert unchanged.database.run("SELECT count(*) FROM used") == used


def test_there_are_more_than_forty_forgeries():
    assert len(FORGERIES) > 110


OTHER_ORIGINS = (
    *("", "null", "*", EVIL, WIKI, "http://portal.example", "https://evilportal.example", PORTAL.upper(), f" {PORTAL}"),
    *(PORTAL + end for end in (":443", ".", "/", ".evil.example", f", {EVIL}", "\0")),
)


@pytest.mark.parametrize("origin", OTHER_ORIGINS)
def test_a_genuine_token_is_refused_from_any_other_page(unchanged, origin):
    world = unchanged
    token, own = world.token(), world.own_token()
    assert refusal(world.exchange, token, origin) == OTHER_ORIGIN
    assert refusal(world.read, own, origin) == OTHER_ORIGIN
    same = world.token(origin=origin) if origin else None
    if same:
        assert refusal(world.exchange, same, origin) == NOT_ITS_ORIGIN
    assert world.exchange(token).user == "anna"


def test_a_refused_token_is_not_used_up(world):
    token = world.token()
    for spoilt in (token[:-1], token + "=", loose_end(world)):
        refusal(world.exchange, spoilt)
    refusal(world.exchange, token, EVIL)
    change_embed(world.file, "portal", on=False)
    assert refusal(world.exchange, token) == OFF
    change_embed(world.file, "portal", on=True)
    assert world.exchange(token).user == "anna"


# At the API: what comes in Authorization, on each request

own_claims = {"iss": "portal", "aud": "footnote-visitor", "origin": PORTAL, "iat": NOW, "exp": NOW + 600, "sub": "anna"}
OWN_HEADER = {"alg": "HS256", "typ": "footnote+jwt"}


def forged_own(key, header=None, **changes):
    claims = {name: value for name, value in (own_claims | changes).items() if value is not ...}
    return signed(OWN_HEADER | (header or {}), claims, key)


def with_own_key(world, header=None, **changes):
    """A token with our own key: what would happen if the check of the claims were all there is."""
    content = f"{encoded(OWN_HEADER | (header or {}))}.{encoded(own_claims | changes)}"
    return with_signature(content, world.keys.own("portal"))


def raised_groups(world):
    header, _, signature = world.own_token().split(".")
    return f"{header}.{encoded(own_claims | {'groups': ['board']})}.{signature}"


OWN_FORGERIES = {
    "the host's token": (lambda w: w.token(), HEADER),
    "a token of ours that the host made": (lambda w: forged_own(w.key), SIGNATURE),
    "one with the server's key alone": (lambda w: forged_own(w.keys._live.current.server), SIGNATURE),
    "another embed's": (
        lambda w: forged_own(w.wiki_key, iss="wiki"),
        "the token's signature is not by the key of wiki",
    ),
    "no algorithm": (lambda w: forged_own("x", header={"alg": "none"}), HEADER),
    "raised groups under the signature": (raised_groups, SIGNATURE),
    "an id of a host's": (lambda w: with_own_key(w, jti="12345678"), claims_wrong("unknown ones")),
    "the host's audience": (lambda w: with_own_key(w, aud="footnote"), claims_wrong("aud")),
    "too long": (lambda w: with_own_key(w, exp=NOW + 601), LIFE),
    "expired": (lambda w: with_own_key(w, iat=NOW - 660, exp=NOW - 60), EXPIRED),
    "a session's id": (lambda w: "A" * 43, SHAPE),
    "an embed that is not there": (lambda w: with_own_key(w, iss="nowhere"), ISSUER),
    "an embed that is a path": (lambda w: with_own_key(w, iss="../portal"), ISSUER),
}


@pytest.mark.parametrize("name", OWN_FORGERIES)
def test_a_forged_token_is_refused_at_the_api(unchanged, name):
    assert unchanged.read(with_own_key(unchanged)).user == "anna"
    forge, reason = OWN_FORGERIES[name]
    assert refusal(unchanged.read, forge(unchanged)) == reason


def switched_off(world):
    change_embed(world.file, "portal", on=False)


def moved(world):
    change_embed(world.file, "portal", origins=[WIKI])


def removed(world):
    remove_embed(world.file, "portal")


def rotated(world):
    new_key(world.key_file, "portal")


def without_key(world):
    forget_key(world.key_file, "portal")


def server_key_changed(world):
    old = world.keys._live.current.server
    world.key_file.write_text(world.key_file.read_text("utf-8").replace(old, old[::-1]), "utf-8")


@pytest.mark.parametrize(
    ("change", "at_the_exchange", "at_the_api"),
    [
        (switched_off, OFF, OFF),
        (removed, OFF, OFF),
        (moved, NOT_ITS_ORIGIN, NOT_ITS_ORIGIN),
        (rotated, SIGNATURE, SIGNATURE),
        (without_key, ISSUER, ISSUER),
        (server_key_changed, None, SIGNATURE),
    ],
)
def test_what_ends_an_embed_ends_its_tokens_at_the_next_request(world, change, at_the_exchange, at_the_api):
    token, own = world.token(), world.own_token()
    assert world.read(own).user == "anna"
    change(world)
    assert refusal(world.read, own) == at_the_api
    if at_the_exchange:
        assert refusal(world.exchange, token) == at_the_exchange
    else:
        assert world.exchange(token).user == "anna"


def test_no_key_makes_another(unchanged):
    """Neither of the server's key and an embed's gives the key of our own tokens, and no two are alike."""
    keys = unchanged.keys
    made = {unchanged.key.encode(), unchanged.wiki_key.encode(), keys.own("portal"), keys.own("wiki")}
    assert len(made | {keys._live.current.server.encode()}) == 5
    assert keys.own("nowhere") is None


def test_why_holds_nothing_of_what_was_sent(unchanged):
    world = unchanged
    canary = "f00dfacef00dface"
    for token in (
        world.token(iss=canary),
        world.token({canary: canary}),
        world.token(**{canary: 1}),
        world.token(sub=f"{canary}\n"),
        world.token(origin=f"https://{canary}"),
        world.token(collections=[canary]),
        raw(world, canary),
        canary,
    ):
        assert canary not in refusal(world.exchange, token)
