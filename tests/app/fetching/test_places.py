"""Where a request to another host may go: tables."""

from ipaddress import ip_address

import pytest

from app.fetching.places import Place, PlaceError, is_public, resolve


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://crm.example.com/a?b=c", Place(True, "crm.example.com", 443, "/a?b=c")),
        ("http://crm.example.com:8080", Place(False, "crm.example.com", 8080, "/")),
        ("HTTPS://CRM.example.com/#part", Place(True, "crm.example.com", 443, "/")),
        ("https://[2001:db8::1]:1/x", Place(True, "2001:db8::1", 1, "/x")),
        ("https://bücher.example/ä", Place(True, "xn--bcher-kva.example", 443, "/%C3%A4")),
        ("https://a.example/%C3%A4?q=%20", Place(True, "a.example", 443, "/%C3%A4?q=%20")),
    ],
)
def test_a_url_is_taken_apart(url: str, place: Place) -> None:
    assert Place.of(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crm.example.com",
        "ftp://crm.example.com",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:secret@crm.example.com",
        "https://crm.example.com/a b",
        "https://crm.example.com/\r\nX-Evil: 1",
        "https://crm.example.com:99999/",
        "https://crm.example.com:port/",
        "https://[::1/",
        "https://a..b/",
        f"https://{'a' * 64}.example/",
    ],
)
def test_what_is_no_address_is_refused_for_good(url: str) -> None:
    with pytest.raises(PlaceError) as refused:
        Place.of(url)
    assert not refused.value.may_pass
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "64:ff9b:1::7f00:1",
        "64:ff9b:1::808:808",
        "fec0::1",
        "::ffff:0:7f00:1",
        "5f00::1",
        "3fff::1",
        "2001:db8::1",
        "4000::1",
        "192.88.99.1",
    ],
)
def test_private_places_are_not_public_however_they_are_written(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_places_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("found", [("10.0.0.1",), ("127.0.0.1", "::1")])
def test_a_name_of_a_private_place_is_refused_unless_allowed(found: tuple[str, ...]) -> None:
    place = Place.of("https://inside.example.com")
    with pytest.raises(PlaceError, match="ALLOW_PRIVATE_WEBHOOKS") as refused:
        place.addresses(lambda host, port: found, allow_private=False)
    assert not refused.value.may_pass
    assert place.addresses(lambda host, port: found, allow_private=True) == list(found)


def test_of_several_addresses_only_the_public_ones_are_used() -> None:
    place = Place.of("https://mixed.example.com")
    found = ["10.0.0.1", "8.8.8.8", "8.8.8.8", "::1"]
    assert place.addresses(lambda host, port: found, allow_private=False) == ["8.8.8.8"]


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "[::1]"])
def test_odd_spellings_of_loopback_are_seen_through(host: str) -> None:
    with pytest.raises(PlaceError):
        Place.of(f"http://{host}/").addresses(resolve, allow_private=False)


def test_a_name_that_does_not_resolve_may_do_so_later() -> None:
    with pytest.raises(PlaceError) as failed:
        Place.of("https://nowhere.invalid").addresses(resolve, allow_private=False)
    assert failed.value.may_pass
