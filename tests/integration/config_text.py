"""The only place that knows how qccd's configuration file spells things."""

import json

DEFAULT_SERVER = {"listen": ["127.0.0.1:0"], "shards": 2, "drain_timeout": "2s"}
DEFAULT_ADMIN = {"listen": ["127.0.0.1:0"]}


def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(str(value), ensure_ascii=False)


def table(header, settings):
    lines = [header] + [f"{key} = {toml_value(value)}" for key, value in settings.items() if value is not None]
    return "\n".join(lines) + "\n\n"


def endpoint(name, url, key, **settings):
    """Settings of one upstream. Plain keyword arguments are written as they are."""
    return {"name": name, "protocol": "anthropic", "base_url": url, "key": key, **settings}


def trusting(pki):
    """Endpoint setting: trust this authority."""
    return {"ca_file": pki.ca}


def cluster(*endpoints, name="default", **settings):
    return {"name": name, "endpoints": endpoints, **settings}


def config(*clusters, server=None, admin=None, client_keys=None, **sections):
    """The whole file. `sections`: further top-level tables by name, e.g. limits={...}."""
    text = table("[server]", {**DEFAULT_SERVER, **(server or {})})
    text += table("[admin]", {**DEFAULT_ADMIN, **(admin or {})})
    for name, settings in sections.items():
        text += table(f"[{name}]", settings)
    for one in clusters:
        settings = {key: value for key, value in one.items() if key != "endpoints"}
        text += table("[[cluster]]", settings)
        text += "".join(table("[[cluster.endpoint]]", settings) for settings in one["endpoints"])
    if client_keys:
        text += table("[client_keys]", client_keys)
    return text
