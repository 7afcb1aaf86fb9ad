#!/usr/bin/env python3
"""Writes docs/api.md from api/openapi.json.

    gen_api_docs.py [--check]

With --check nothing is written: exit 1 says that the committed page is not what the file gives."""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "api" / "openapi.json"
TARGET = ROOT / "docs" / "api.md"

HEAD = """# The HTTP interface

<!-- Written by tools/gen_api_docs.py from api/openapi.json. Do not edit. -->

The same as OpenAPI 3.1, for programs: `GET /api/openapi.json`.
"""


class Page:
    def __init__(self, document):
        self.document = document
        self.lines = []

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = target
        return node

    def put(self, *lines):
        self.lines.extend(lines)

    def paragraph(self, text):
        self.put("", text)

    def table(self, header, rows):
        self.put("", "| " + " | ".join(header) + " |", "|" + "---|" * len(header))
        self.put(*("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows))

    def example(self, value):
        self.put("", "```json", json.dumps(value, indent=2, ensure_ascii=False), "```")

    # ---- Schemas ----

    def type_of(self, schema):
        if "$ref" in schema:
            return schema["$ref"].rsplit("/", 1)[1]
        if "const" in schema:
            return "`" + json.dumps(schema["const"]) + "`"
        for word in ("oneOf", "anyOf"):
            if word in schema:
                return " or ".join(self.type_of(s) for s in schema[word])
        if schema.get("type") == "array":
            return "list of " + self.type_of(schema["items"])
        return schema.get("format", schema.get("type", "object"))

    def fields_of(self, schema):
        """Yields (name, schema, required) of an object, through $ref and allOf."""
        schema = self.resolve(schema)
        for part in schema.get("allOf", []):
            yield from self.fields_of(part)
        required = schema.get("required", [])
        for name, field in schema.get("properties", {}).items():
            yield name, field, name in required

    def fields(self, schema):
        rows = [
            (f"`{name}`", self.type_of(field), "yes" if required else "",
             self.resolve(field).get("description", ""))
            for name, field, required in self.fields_of(schema)
        ]
        if rows:
            self.table(("field", "type", "always", "what"), rows)

    def data_fields(self, schema):
        """The fields of `data`, or of the elements of its lists."""
        data = dict((n, f) for n, f, _ in self.fields_of(schema)).get("data")
        if data is None:
            return
        data = self.resolve(data)
        if data.get("type") == "array":
            self.paragraph("Each element of `data`:")
            self.fields(data["items"])
            return
        self.paragraph("`data`:")
        self.fields(data)
        for name, field, _ in self.fields_of(data):
            field = self.resolve(field)
            if field.get("type") == "array":
                items = self.resolve(field["items"])
                for variant in items.get("anyOf", [field["items"]]):
                    self.paragraph(f"{self.type_of(variant)}, an element of `{name}`:")
                    self.fields(variant)

    # ---- Operations ----

    def request(self, operation):
        parameters = operation.get("parameters", [])
        if parameters:
            self.paragraph("Query:")
            self.table(
                ("parameter", "type", "required", "what"),
                [(f"`{p['name']}`", self.type_of(p["schema"]), "yes" if p["required"] else "",
                  p["description"]) for p in parameters])
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            self.paragraph("Body:")
            schema = content["schema"]
            self.table(
                ("field", "type", "required", "what"),
                [(f"`{n}`", self.type_of(f), "yes" if required else "",
                  self.resolve(f).get("description", ""))
                 for n, f, required in self.fields_of(schema)])
            self.example(content["example"])

    def success(self, status, response):
        response = self.resolve(response)
        self.paragraph(f"**{status}** {response['description']}")
        content = response.get("content", {})
        if "application/json" not in content:
            if content:
                self.paragraph("As " + " or ".join(f"`{kind}`" for kind in content) + ".")
            return
        content = content["application/json"]
        if "example" in content:
            self.example(content["example"])
        if status == "200":
            self.data_fields(content["schema"])

    def refusals(self, responses):
        rows = []
        for status, response in responses.items():
            content = self.resolve(response)["content"]["application/json"]
            for example in content["examples"].values():
                value = example["value"]
                rows.append((status, f"`{value['code']}`", value["message"]))
        if rows:
            self.paragraph("Refusals:")
            self.table(("status", "code", "message"), rows)

    def operation(self, method, path, operation):
        self.put("", f"### {method.upper()} {path}")
        token = operation.get("security", self.document["security"])
        self.paragraph(operation["summary"] + "." + (" With a token." if token else ""))
        if "description" in operation:
            self.paragraph(operation["description"])
        self.request(operation)
        refusals = {}
        for status, response in operation["responses"].items():
            content = self.resolve(response).get("content", {}).get("application/json", {})
            if "examples" in content:
                refusals[status] = response
            else:
                self.success(status, response)
        self.refusals(refusals)

    def render(self):
        self.put(HEAD.rstrip())
        self.paragraph(self.document["info"]["description"])
        for tag in self.document["tags"]:
            self.put("", f"## {tag['name']}")
            self.paragraph(tag["description"])
            for path, methods in self.document["paths"].items():
                for method, operation in methods.items():
                    if operation["tags"] == [tag["name"]]:
                        self.operation(method, path, operation)
        return "\n".join(self.lines) + "\n"


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    page = Page(json.loads(SOURCE.read_text(encoding="utf-8"))).render()
    if not arguments:
        TARGET.write_text(page, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == page:
        return 0
    print("docs/api.md is not up to date: run tools/gen_api_docs.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
