"""REDIS_URL is read as the library reads it, and what it would misread is refused at the start."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.store.server.address import Address, in_space_of, read_address

NOT_ENCODED = (
    *("gavel:s3/cret", "gavel:s3#cret", "gavel:s3?cret", "gavel:s3[cret", "gavel:s3]cret"),
    *("gavel:s3 cret", "gavel:s3\tcret", "gavel:p@s3/cret", ":s3?a=cret", "gavel:12/s3cret"),
    *("gavel:s3%cret", ":s3#cret@s3cret", "gavel:s3?cret&a=b", "gavel:s3cret/"),
)
NOT_ENCODED_OPTIONS = (
    *("sentinel_password=s3+cret", "password=s3&cret", "password=s3&cret=1", "password=s3%zcret"),
    *("sentinel_password=a&b=s3", "password=s3 cret", "sentinel_password=s3#cret", "password="),
)


def refusal(url: str) -> str:
    with pytest.raises(ValueError, match=r".+") as caught:
        read_address(url)
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h", {"host": "h"}),
        ("redis://h/", {"host": "h"}),
        ("redis://h:7000/3", {"host": "h", "port": 7000, "db": 3}),
        ("redis://[::1]:7000/3", {"host": "::1", "port": 7000, "db": 3}),
        ("redis://h?db=4", {"host": "h", "db": 4}),
        ("redis://:p%40ss%2Fw%23r%252B%3F@h", {"host": "h", "password": "p@ss/w#r%2B?"}),
        ("redis://u:a:b+c@h", {"host": "h", "username": "u", "password": "a:b+c"}),
        ("redis://h?username=u&password=a%2Bb%26", {"username": "u", "password": "a+b&"}),
        ("unix:///tmp/a%20b.sock?db=2", {"path": "/tmp/a b.sock", "db": 2}),
        ("unix://u:p%2Fw@/tmp/a.sock", {"path": "/tmp/a.sock", "password": "p/w"}),
        ("redis://h/0?protocol=3&client_name=gavel", {"protocol": 3, "client_name": "gavel"}),
        ("redis://h?retry_on_timeout=true&socket_timeout=0.5", {"socket_timeout": 0.5}),
        ("rediss://h?ssl_cert_reqs=none&ssl_min_version=771", {"ssl_cert_reqs": "none"}),
    ],
)
def test_an_address_is_read_by_the_library(url: str, expected: dict[str, object]) -> None:
    assert read_address(url).options.items() >= expected.items()


@pytest.mark.parametrize("login", NOT_ENCODED)
@pytest.mark.parametrize(
    "form",
    [
        "redis://{}@127.0.0.1:18440/0",
        "rediss://{}@h",
        "unix://{}@/tmp/x.sock",
        "redis+sentinel://{}@127.0.0.1:26379,b/mymaster/0",
        "redis+cluster://{}@127.0.0.1:7000,b",
    ],
)
def test_a_password_that_is_not_encoded_is_refused_without_a_piece_of_it(
    form: str, login: str
) -> None:
    told = refusal(form.format(login))
    assert "percent-encode" in told
    assert not any(piece in told for piece in ("s3", "cret", "gavel", "p@"))


@pytest.mark.parametrize("query", NOT_ENCODED_OPTIONS)
def test_a_password_among_the_options_is_encoded_too(query: str) -> None:
    told = refusal(f"redis+sentinel://h/mymaster/0?{query}")
    assert not any(piece in told for piece in ("s3", "cret"))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("REDIS://h", "redis://host"),
        ("http://h", "redis://host"),
        ("redis:/h", "redis://host"),
        ("h:6379", "redis://host"),
        ("redis://", "host name"),
        ("redis://:6379/0", "host name"),
        ("redis://u:p@/0", "host name"),
        ("redis://a..b/0", "host name"),
        ("redis://a,b/0", "host name"),
        ("redis://h:99999", "port"),
        ("redis://h:0", "port"),
        ("redis://h:abc/0", "port"),
        ("redis://h/abc", "number for the database"),
        ("redis://h/1/2", "number for the database"),
        ("redis://h/-1", "number for the database"),
        ("redis://h?db=abc", "db is a whole number"),
        ("redis://h?db=-1", "db is a whole number"),
        ("redis://h/0#x", "#"),
        ("redis://h?decode_responses=true", "decode_responses: Gavel reads bytes"),
        ("redis://h?ssl=true", "rediss://"),
        ("redis+sentinel://h/m?ssl=true", "rediss+sentinel://"),
        ("redis://h?ssl_cert_reqs=none", "ssl_cert_reqs, which is for TLS"),
        ("rediss://h?ssl_cert_reqs=maybe", "none, optional or required"),
        ("rediss://h?ssl_ca_certs=/nowhere", "ssl_ca_certs is a file"),
        ("rediss://h?ssl_min_version=12", "771"),
        ("redis://h?foo=bar", "the option 'foo' that is not known"),
        ("redis://h?timeout=20", "REDIS_TIMEOUT"),
        ("redis://h?max_connections=5", "WORKER_THREADS"),
        ("redis://h?encoding=latin-1", "UTF-8"),
        ("redis://h?socket_timeout=0.5s", "socket_timeout is seconds"),
        ("redis://h?socket_timeout=nan", "socket_timeout is seconds"),
        ("redis://h?socket_timeout=-1", "socket_timeout is seconds"),
        ("redis://h?socket_timeout=1e30", "socket_timeout is seconds"),
        ("redis://h?health_check_interval=x", "health_check_interval is whole seconds"),
        ("redis://h?retry_on_timeout=maybe", "retry_on_timeout is true or false"),
        ("redis://h?protocol=4", "protocol is 2 or 3"),
        ("redis://h?client_name=a%20b", "client_name is without blanks"),
        ("redis://h?db=1&db=2", "each option once"),
        ("redis://h?client_name=", "have a value"),
        ("redis://h?sentinel_password=x", "not known"),
        ("unix://var/run/redis.sock", "three slashes"),
        ("unix:///", "three slashes"),
        ("unix:///a%00b", "three slashes"),
        ("unix:///tmp/x.sock?socket_keepalive=true", "for TCP only"),
        (f"unix:///{'x' * 110}", "at most 103 bytes"),
        ("redis+sentinel://h:26379", "with the service"),
        ("redis+sentinel://h:26379/", "with the service"),
        ("redis+sentinel://h:26379/m/abc", "with the service"),
        ("redis+sentinel://h:26379/m/0/1", "with the service"),
        ("redis+sentinel:///m", "host name"),
        ("redis+sentinel://a,,b/m", "host name"),
        ("redis+sentinel://a:x/m", "port"),
        ("redis+sentinel://[::1/m", "redis://host"),
        ("redis+sentinel://h/m?sentinel_username=u", "sentinel_password"),
        ("redis+sentinel://h/m?sentinel_timeout=1", "not known"),
        ("redis+sentinel://h/m?tag=a", "tag: it is for redis+cluster://"),
        ("redis+cluster://h/3", "only database 0"),
        ("redis+cluster://h?db=3", "only database 0"),
        ("redis+cluster://h/mymaster", "only database 0"),
        ("redis+cluster://a,,b", "host name"),
        ("redis+cluster://a:x", "port"),
        ("redis+cluster://h?tag=a%7Db", "up to 64 letters"),
        ("redis+cluster://h?tag=", "have a value"),
        ("redis+cluster://h?foo=bar", "not known"),
        ("redis+cluster:h", "redis+cluster://host:port,host:port"),
    ],
)
def test_what_would_be_misread_is_refused_in_one_sentence(url: str, told: str) -> None:
    sentence = refusal(url)
    assert told in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "url",
    [
        "redis://:p%40ss%2Fw@h:7000/3",
        "redis://h/0?password=a%2Bb%26&protocol=3",
        "unix:///tmp/a%20b.sock",
        "unix:///tmp/a.sock?db=2",
        "redis+sentinel://a,b/mymaster/1?sentinel_password=x",
        "redis+cluster://a:7000,b?tag=mine",
    ],
)
def test_the_space_of_an_account_changes_nothing_else_of_an_address(url: str) -> None:
    found = read_address(in_space_of(url, "acme"))
    assert found.space == "acme"
    assert replace(found, space="") == read_address(url)


def test_sentinels_are_read_like_other_hosts() -> None:
    found = read_address(
        "redis+sentinel://u:p%40w@[::1]:19026, b,127.0.0.1:26380/my%20main/2"
        "?sentinel_username=s&sentinel_password=sent%2Bpw&client_name=gavel"
    )
    assert found == Address(
        {"db": 2, "username": "u", "password": "p@w", "client_name": "gavel"},
        service="my main",
        sentinels=(("::1", 19026), ("b", 26379), ("127.0.0.1", 26380)),
        sentinel_login={"username": "s", "password": "sent+pw"},
    )
    assert read_address("redis+sentinel://h/m").options == {"db": 0}


def test_nodes_of_a_cluster_are_read_like_other_hosts() -> None:
    found = read_address(
        "rediss+cluster://u:p%40w@[::1]:7000, b,127.0.0.1:7001/0?tag=acme&ssl_cert_reqs=none"
    )
    assert found == Address(
        {"db": 0, "username": "u", "password": "p@w", "ssl_cert_reqs": "none"},
        tls=True,
        nodes=(("::1", 7000), ("b", 6379), ("127.0.0.1", 7001)),
        tag="acme",
    )
    assert read_address("redis+cluster://h").tag == "gavel"


def test_tls_of_sentinels_has_its_scheme(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    found = read_address(f"rediss+sentinel://h/m?ssl_ca_certs={tmp_path}/ca.pem")
    assert (found.tls, found.options["ssl_ca_certs"]) == (True, f"{tmp_path}/ca.pem")


def test_passwords_are_known_to_the_redaction_and_not_printed() -> None:
    found = read_address("rediss+sentinel://u:one@h/m?sentinel_password=two&ssl_password=three")
    assert found.secrets() == ("one", "three", "two")
    assert not any(secret in repr(found) for secret in found.secrets())
