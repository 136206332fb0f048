"""The Helm chart: rendered as helm renders it, held against Kubernetes' schemas, and its values."""

import json
from collections.abc import Iterator
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest
import yaml

from tests.deploy.files import CHART, settings, version

KUBERNETES = ("1.27", "1.37")
OF_CRDS = {"ServiceMonitor", "PrometheusRule"}
FIXED = {"HOST", "PORT", "RULES_FILE", "ACCOUNTS_FILE"}
"""What the chart sets itself."""

EVERYTHING: dict[str, Any] = {
    "imagePullSecrets": [{"name": "registry"}],
    "settings": {"PUBLIC_URL": "https://g.example.com", "WEB_THREADS": 4, "LOG_LEVEL": "debug"},
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "t", "annotations": {"a": "b"}},
    "console": {"enabled": True, "className": "inside", "tlsSecret": "u"},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True},
    "dashboards": {"enabled": True},
    "secret": {"keys": ["PLIVO_AUTH_TOKEN", "REDIS_URL", "METRICS_TOKEN"]},
    "accounts": {"secret": "accounts"},
    "podAnnotations": {"a": "b"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "service": {"annotations": {"a": "b"}},
}


@pytest.fixture(scope="module")
def chart() -> Iterator[helm.Chart]:
    with helm.Chart.load(CHART) as loaded:
        yield loaded


def rendered(chart: helm.Chart, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    manifests = chart.render(values, name="prod", namespace="telephony")
    texts = [text for path, text in manifests.items() if not path.endswith(".txt")]
    return [found for text in texts for found in yaml.safe_load_all(text) if found]


def of_kind(found: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


@pytest.mark.parametrize("values", [None, EVERYTHING], ids=["defaults", "everything"])
def test_helm_finds_nothing(values: dict[str, Any] | None) -> None:
    report = helm.lint(CHART, values, strict=True)
    assert report["errors"] == []
    assert [one["error"] for one in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("values", [None, EVERYTHING], ids=["defaults", "everything"])
def test_kubernetes_knows_every_line(
    chart: helm.Chart, kubernetes: str, values: dict[str, Any] | None
) -> None:
    for one in rendered(chart, values):
        if one["kind"] not in OF_CRDS:
            kubernetes_validate.validate(one, kubernetes, strict=True)


def test_a_line_that_kubernetes_does_not_know_is_found(chart: helm.Chart) -> None:
    deployment = of_kind(rendered(chart), "Deployment")["prod-gavel-web"]
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readinesProbe"):
        kubernetes_validate.validate(deployment, KUBERNETES[-1], strict=True)


def test_its_values_know_every_setting_and_no_other() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    known = {name for name, field in settings().items() if not field.metadata["secret"]}
    assert set(schema["properties"]["settings"]["properties"]) == known - FIXED


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"settings": {"PUBLIC_URL": "https://x", "PLIVO_AUTH_TOKN": "x"}}, "PLIVO_AUTH_TOKN"),
        ({"settings": {"PUBLIC_URL": "https://x", "PLIVO_AUTH_TOKEN": "x"}}, "PLIVO_AUTH_TOKEN"),
        ({"image": {"repository": "gavel", "tag": "latest"}}, "/image/tag"),
        ({"secret": {"name": "gavel", "keys": ["REDIS_URL"]}}, "/secret/keys"),
        ({"wrokers": 3}, "wrokers"),
    ],
)
def test_values_that_can_not_be_meant_are_refused(
    chart: helm.Chart, values: dict[str, Any], told: str
) -> None:
    with pytest.raises(helm.HelmValuesError, match=told):
        chart.validate_schema(values)


@pytest.mark.parametrize(
    ("part", "command"), [("web", "web"), ("worker", "worker"), ("recordings", "recordings-worker")]
)
def test_its_pods_have_no_rights_and_write_nothing(
    chart: helm.Chart, part: str, command: str
) -> None:
    pod = of_kind(rendered(chart), "Deployment")[f"prod-gavel-{part}"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["args"] == [command]
    assert container["image"] == f"registry.example.com/gavel:{version()}"
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
    assert all("subPath" not in mount for mount in container["volumeMounts"])  # never updated


def test_a_digest_goes_before_the_tag(chart: helm.Chart) -> None:
    digest = "sha256:" + "0" * 64
    found = rendered(chart, {"image": {"repository": "r.example.com/gavel", "digest": digest}})
    [container] = of_kind(found, "Deployment")["prod-gavel-web"]["spec"]["template"]["spec"][
        "containers"
    ]
    assert container["image"] == f"r.example.com/gavel@{digest}"


def test_only_what_plivo_and_programs_call_is_on_the_public_address(chart: helm.Chart) -> None:
    found = of_kind(rendered(chart, EVERYTHING), "Ingress")
    paths = {
        name: [path["path"] for path in one["spec"]["rules"][0]["http"]["paths"]]
        for name, one in found.items()
    }
    assert paths == {"prod-gavel": ["/plivo", "/triggers"], "prod-gavel-console": ["/"]}


def test_links_to_the_console_go_by_its_own_address_unless_another_is_said(
    chart: helm.Chart,
) -> None:
    def url(**values: Any) -> str | None:
        data = of_kind(rendered(chart, values), "ConfigMap")["prod-gavel-settings"]["data"]
        return data.get("CONSOLE_URL")

    console = {"enabled": True, "host": "console.example.com"}
    assert url(console=console) == "https://console.example.com"
    said = {"CONSOLE_URL": "https://other.example.com"}
    assert url(console=console, settings=said) == "https://other.example.com"
    assert url() is None


def test_accounts_are_a_secret_that_is_mounted_as_a_folder(chart: helm.Chart) -> None:
    found = rendered(chart, {"accounts": {"secret": "agency"}})
    assert of_kind(found, "ConfigMap")["prod-gavel-settings"]["data"]["ACCOUNTS_FILE"] == (
        "/etc/gavel-accounts/accounts.yaml"
    )
    for one in of_kind(found, "Deployment").values():
        pod = one["spec"]["template"]["spec"]
        [volume] = [volume for volume in pod["volumes"] if volume["name"] == "accounts"]
        assert volume["secret"]["secretName"] == "agency"
        mounts = {
            mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]
        }
        assert mounts["accounts"] == "/etc/gavel-accounts"
    assert "ACCOUNTS_FILE" not in str(rendered(chart))


def test_other_settings_start_new_pods_and_other_rules_do_not(chart: helm.Chart) -> None:
    def templates(values: dict[str, Any]) -> list[Any]:
        found = of_kind(rendered(chart, values), "Deployment").values()
        return [one["spec"]["template"] for one in found]

    settings = {"PUBLIC_URL": "https://other.example.com"}
    assert templates({"rules": {"text": "version: 1"}}) == templates({})
    assert all(
        one != other
        for one, other in zip(templates({"settings": settings}), templates({}), strict=True)
    )


def test_its_versions_are_ours() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version(), version())


def test_it_is_scraped_as_the_alerts_expect(chart: helm.Chart) -> None:
    found = rendered(chart, EVERYTHING)
    monitor = of_kind(found, "ServiceMonitor")["prod-gavel"]["spec"]
    service = of_kind(found, "Service")["prod-gavel"]["metadata"]["labels"]
    assert service[monitor["jobLabel"]] == "gavel"
    assert monitor["selector"]["matchLabels"].items() <= service.items()
    paths = {one["path"]: one for one in monitor["endpoints"]}
    assert set(paths) == {"/metrics", "/metrics/cluster"}
    assert paths["/metrics/cluster"]["relabelings"][0]["replacement"] == "gavel-cluster"
    for one in paths.values():
        assert one["authorization"]["credentials"] == {"name": "gavel", "key": "METRICS_TOKEN"}
    without = of_kind(rendered(chart, {"serviceMonitor": {"enabled": True}}), "ServiceMonitor")
    assert all("authorization" not in one for one in without["prod-gavel"]["spec"]["endpoints"])


def test_its_alerts_are_those_of_the_rules_file_and_lead_to_its_console(chart: helm.Chart) -> None:
    shipped = yaml.safe_load((CHART.parents[1] / "prometheus" / "gavel.rules.yaml").read_text())
    found = of_kind(rendered(chart, EVERYTHING), "PrometheusRule")["prod-gavel"]["spec"]["groups"]
    theirs = json.dumps(shipped["groups"]).replace(
        "gavel.example.com", "gavel.internal.example.com"
    )
    assert found == json.loads(theirs)
    own = {"enabled": True, "groups": [{"name": "own", "rules": []}]}
    rules = of_kind(rendered(chart, {"prometheusRule": own}), "PrometheusRule")["prod-gavel"]
    assert rules["spec"]["groups"] == own["groups"]


def test_it_brings_the_dashboards(chart: helm.Chart) -> None:
    found = of_kind(rendered(chart, EVERYTHING), "ConfigMap")["prod-gavel-dashboards"]
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    for name in ("gavel.json", "gavel-inside.json"):
        shipped = (CHART.parents[1] / "grafana" / name).read_text()
        assert json.loads(found["data"][name]) == json.loads(shipped)
