"""What looks like a secret is masked, what does not is left, and what was masked is told without it."""

from __future__ import annotations

import time

import pytest

from exporting import KEYS
from trajcore.likely import KNOWN, SHAPES, Likely
from trajcore.masking import MASK, hide
from trajcore.text import safe, safe_with_colours

SECRETS = {
    "OPENAI_API_KEY={}": "sk-proj-Zk3nVq81LmXc7PbT5yWd",
    "x-api-key: {}": "sk-ant-api03-abcdefghijkl0123",
    "git remote add o https://x:{}@github.com/a/b": "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8",
    "curl -u admin:{} http://x": "hunter2x",
    "curl -H 'Authorization: Basic {}'": "YWRtaW46aHVudGVyMg==",
    '"Authorization": "Bearer {}"': "abcdef0123456789",
    "postgres://me:{}@db/x": "s3cr3t",
    "aws_secret_access_key = {}": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    '{{"password": "{}"}}': "hunter2",
    "mysql --password {}": "hunter22",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----": "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU0",
    "slack {}": "xoxb-123456789012-abcdefABCDEF",
    "{}": "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    r'-d "{{\"password\": \"{}\"}}"': "hunter2",
    r"{{\"headers\": {{\"Authorization\": \"Bearer {}\"}}": "abcdef0123456789",
    r'"https:\/\/me:{}@git.example.com\/x"': "s3cr3t",
    r'{{"private_key": "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"}}': "b3BlbnNzaC1rZXkt",
    "Passphrase: {}": "c0rrect-horse",
}
BROKEN = {
    "an API key": "sk-proj-Zk3nVq81LmXc{}7PbT5yWd90aB",
    "a key of Anthropic": "sk-ant-api03-abcdefghijkl0123{}4567mnop",
    "a token of GitHub": "ghp_A1b2C3d4E5f6{}G7h8I9j0K1l2M3n4O5p6Q7r8",
    "an access key of AWS": "AKIA2E0A8F{}3B244C9986",
    "a key of Google": "AIzaSyD-9tSrke72PouQ{}MnMX-a7eZSW0jkFMBWY",
    "a token of Slack": "xoxb-1234567{}89012-abcdefABCDEF",
    "a JSON web token": "eyJhbGciOiJIUzI1NiJ9.{}eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlMTIz",
}
"""By kind; a line may end in the place of the braces."""
HARMLESS = (
    "max_tokens=4096 and token = tokenizer.encode(text)",
    "def login(password: str, secret: bytes = b'') -> Token:",
    "the token count, the secret of success, a password",
    "sk-learn and pk-1", "eyJ is how base64 of JSON begins", "https://example.org/a@b",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b", "-----BEGIN CERTIFICATE-----", "Bearer of bad news",
    "os.environ['API_KEY']", "passwd: x", "0x7f3a12bc", "token: $GITHUB_TOKEN", "--token <TOKEN>",
    "password=attempts<10", 'curl -H "Authorization: Bearer $GITHUB_TOKEN"', "-" * 80, "--keep-going 3days1",
)  # fmt: skip


@pytest.mark.parametrize(("text", "secret"), SECRETS.items(), ids=SECRETS)
def test_a_secret_is_masked(text: str, secret: str) -> None:
    mask = Likely([])
    with mask.at("step 3"):
        assert secret not in safe(text.format(secret))
    assert mask.masked
    assert all(secret not in masked.words and masked.where == "step 3" for masked in mask.masked)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_none_is_left(text: str) -> None:
    mask = Likely([text])
    with mask.at("here"):
        assert safe(text) == text
    assert mask.masked == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\\\n"], ids=repr)
@pytest.mark.parametrize("kind", BROKEN)
def test_a_secret_is_masked_also_where_a_line_ends_in_it(kind: str, end: str) -> None:
    begin, rest = BROKEN[kind].split("{}")
    mask = Likely([])
    with mask.at("step 3"):
        assert mask.text(f"it is {begin}{end}{rest} there") == f"it is {MASK} there"
    assert [one.kind for one in mask.masked] == [kind]


def test_what_is_known_to_be_one_is_masked_where_a_line_ends_in_it() -> None:
    whole, broken = "DB_PASSWORD=hunter2hunter2", "it says hunt\\\ner2hunter2."
    mask = Likely([whole])
    with mask.at("step 1"):
        assert safe(broken) == f"it says {MASK}."


def test_what_stands_in_the_next_line_is_no_part_of_one() -> None:
    key = BROKEN["a token of GitHub"].format("")
    mask = Likely([])
    with mask.at("step 1"):
        assert safe(f"{key}\nREADME\nsrc") == f"{MASK}\nREADME\nsrc"


@pytest.mark.parametrize("before", ["İ", "ẞ", "ŉ", "\N{KELVIN SIGN}ey ", "é"])
def test_letters_of_another_length_in_small_shift_nothing(before: str) -> None:
    mask = Likely([])
    with mask.at("step 1"):
        assert safe(f"{before * 3}PASSWORD=hunter2 x") == f"{before * 3}PASSWORD={MASK} x"


def test_each_kind_that_is_planted_is_called_so() -> None:
    assert KEYS.keys() <= {shape.kind for shape in SHAPES}


def test_a_secret_is_masked_also_where_nothing_says_that_it_is_one() -> None:
    mask = Likely(["export DB_PASSWORD=hunter2hunter2"])
    with mask.at("step 1"):
        assert safe("it says hunter2hunter2") == f"it says {MASK}"
        assert "hunter2" not in safe_with_colours("\x1b[1mhunter2\x1b[0mhunter2")


def test_it_masks_in_its_place_and_nowhere_else() -> None:
    mask = Likely([])
    with mask.at("step 1"):
        assert MASK in safe("password=hunter2")
    assert safe("password=hunter2") == "password=hunter2"


def test_what_this_process_knows_is_masked_and_listed_whatever_is_asked_for() -> None:
    hide("sesame-open")
    mask = Likely(["password=hunter2"], guess=False)
    with mask.at("step 1"):
        assert safe("sesame-open password=hunter2") == f"{MASK} password=hunter2"
    assert [(one.where, one.kind, one.count) for one in mask.masked] == [("step 1", KNOWN, 1)]


def test_half_of_a_secret_in_a_row_of_a_screen_is_found() -> None:
    secret = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    mask = Likely([f"token {secret}"])
    row = f"│ {secret[:20]} │ x"
    covered = {at for begin, end in mask.places(row, 8, "the picture") for at in range(begin, end)}
    assert covered == set(range(2, 22))
    assert [one.where for one in mask.masked] == ["the picture"]


@pytest.mark.parametrize(
    "piece",
    [
        "curl ",
        "-----BEGIN PRIVATE KEY-----",
        "token=",
        "authorization: ",
        "http://",
        "a:",
        "x@",
        "--key ",
        "eyJa.",
        "-",
        "--a-",
        "token=token",
        "AKIA",
        "A1\n",
        "sk-a1\n",
        "secret ",
        "\\",
    ],
)
def test_whatever_the_text_it_takes_time_in_proportion(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        mask = Likely([])
        began = time.process_time()
        with mask.at(""):
            mask.text(text)
        return time.process_time() - began

    assert seconds(160_000) < 12 * seconds(20_000) + 0.2
