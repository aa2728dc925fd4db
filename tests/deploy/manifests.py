"""What deploy/ holds, and schemas with closed objects."""

import json
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def load_all(path: Path) -> list[dict]:
    """All objects of a file, lists unpacked."""
    found = [document for document in yaml.safe_load_all(path.read_text()) if document]
    return [item for one in found for item in (one["items"] if one.get("kind") == "List" else [one])]


BASE = [
    item
    for path in sorted((DEPLOY / "kubernetes" / "base").glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for item in load_all(path)
]


def name_of(item: dict) -> str:
    return f"{item['kind']}/{item['metadata']['name']}"


def of_kind(items: list[dict], *kinds: str) -> list[dict]:
    return [item for item in items if item["kind"] in kinds]


def close_objects(schema: object) -> object:
    """Forbid unknown fields wherever a schema names its fields; the API server would drop them in silence."""
    if isinstance(schema, dict):
        open_ended = schema.get("x-kubernetes-preserve-unknown-fields")
        if "properties" in schema and "additionalProperties" not in schema and not open_ended:
            schema["additionalProperties"] = False
        for value in schema.values():
            close_objects(value)
    elif isinstance(schema, list):
        for value in schema:
            close_objects(value)
    return schema


@cache
def crd_schema(schemas: Path, plural: str) -> dict:
    """The v1 schema of a KubeRay kind, closed; `metadata` is the API server's own business."""
    crd = yaml.load((schemas / "crds" / f"ray.io_{plural}.yaml").read_text(), yaml.CSafeLoader)  # a megabyte
    version = next(one for one in crd["spec"]["versions"] if one["name"] == "v1")
    assert version["served"]
    schema = version["schema"]["openAPIV3Schema"]
    schema = close_objects(json.loads(json.dumps(schema)))
    schema["properties"]["metadata"] = {"type": "object"}
    return schema
