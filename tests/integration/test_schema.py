"""The JSON Schema of sockeye/1 against what the program prints: every view, every format with keys, hostile names."""

import copy

from kit import *

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../assets/sockeye-1.schema.json")
with open(PATH, encoding="utf-8") as f:
    SCHEMA = json.load(f)
TYPES = {"object": dict, "array": list, "string": str, "null": type(None), "boolean": bool}
KEYWORDS = {"$ref", "$schema", "$defs", "title", "description", "type", "enum", "const", "pattern", "properties",
            "required", "additionalProperties", "propertyNames", "items", "oneOf", "anyOf", "allOf"}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def resolve(ref):
    at = SCHEMA
    for word in ref.removeprefix("#/").split("/"):
        at = at[word]
    return at


def wrong(value, schema, where="$"):
    """What of the value is not as the schema says: the first thing, or None. Knows the keywords above."""
    unknown = set(schema) - KEYWORDS
    if unknown:
        raise Failure(f"{where}: this checker does not know {unknown}")
    if "$ref" in schema and (w := wrong(value, resolve(schema["$ref"]), where)):
        return w
    if "type" in schema:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        if not any(is_type(value, n) for n in names):
            return f"{where}: {value!r} is not {' or '.join(names)}"
    if "const" in schema and value != schema["const"]:
        return f"{where}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where}: {value!r} is none of {schema['enum']}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        return f"{where}: {value!r} is not like {schema['pattern']}"
    if isinstance(value, dict):
        for key in schema.get("required", ()):
            if key not in value:
                return f"{where}: no {key}"
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        for key, v in value.items():
            if "propertyNames" in schema and (w := wrong(key, schema["propertyNames"], f"{where} name")):
                return w
            if key in properties:
                w = wrong(v, properties[key], f"{where}.{key}")
            elif more is False:
                w = f"{where}: {key} is not in the schema"
            else:
                w = wrong(v, more, f"{where}.{key}") if isinstance(more, dict) else None
            if w:
                return w
    if isinstance(value, list) and "items" in schema:
        for i, v in enumerate(value):
            if w := wrong(v, schema["items"], f"{where}[{i}]"):
                return w
    for s in schema.get("allOf", ()):
        if w := wrong(value, s, where):
            return w
    for many, right in (("anyOf", lambda n: n >= 1), ("oneOf", lambda n: n == 1)):
        if many in schema:
            said = [wrong(value, s, where) for s in schema[many]]
            if not right(said.count(None)):
                return f"{where}: {many}: " + " / ".join(str(s) for s in said)
    return None


SCENE = ["listen,port=8080", "listen,port=8081,addr=::", "pair,port=9000,n=2", "udp,port=5300", "time-wait,port=9040",
         "unaccepted,port=9010", "listen,port=7040,comm=hostile", "bound,port=7050"]
VIEWS = ("ports", "sockets", "connections", "processes")


def whole_json(ns, *args):
    """Of every view, and of all protocols."""
    for view in VIEWS:
        yield view, ns.json("--view", view, "-a", *args)
    yield "sockets", ns.json("--view", "sockets", "-a", "-xw0", "-N", "all", *args)
    yield "summary", ns.json("--summary", *args)


@test
def schema_of_every_view():
    with scene(*SCENE) as (ns, _):
        for view, got in whole_json(ns):
            check(got[view], f"{view}: no rows")
            said = wrong(got, resolve(f"#/$defs/views/{view}"))
            check(not said, f"{view}: {said}")
            said = wrong(got, {"oneOf": SCHEMA["oneOf"]})
            check(not said, f"{view}: {said}")


@test
def schema_of_explain():
    with scene(*SCENE, "udp,port=8080") as (ns, _):
        for args in (["8080"], ["8080/udp"], ["9040/tcp"], ["7040/tcp"], ["7050/tcp"], ["9010"], ["81/tcp", "--as", "65534"],
                     ["4711"], ["--free"]):
            got = json.loads(ns.sockeye("explain", *args, "--json").stdout)
            check(got["explain"], f"{args}: nothing")
            for schema in (resolve("#/$defs/views/explain"), {"oneOf": SCHEMA["oneOf"]}):
                said = wrong(got, schema)
                check(not said, f"{args}: {said}")
        for key in ("verdict", "holders", "next_free"):
            bad = copy.deepcopy(got)
            bad["explain"][0].pop(key)
            check(wrong(bad, resolve("#/$defs/views/explain")), f"not refused without {key}")


@test
def schema_of_lines():
    with scene(*SCENE) as (ns, _):
        for view, row in (("ports", "port"), ("sockets", "socket"), ("processes", "process")):
            lines = ns.sockeye("list", "--ndjson", "--view", view, "-a").stdout.decode().splitlines()
            head, rows = json.loads(lines[0]), [json.loads(line) for line in lines[1:]]
            same(list(head), ["schema", "host", "time", "kernel", "limits"], "keys of the first line")
            check(rows, f"{view}: no rows")
            for r in rows:
                said = wrong(r, resolve(f"#/$defs/{row}"))
                check(not said, f"{view}: {said}")


@test
def schema_of_csv_heads():
    with scene(*SCENE) as (ns, _):
        for view, row in (("ports", "port"), ("sockets", "socket"), ("processes", "process")):
            head = ns.sockeye("list", "--csv", "--view", view).stdout.decode().splitlines()[0].split(",")
            same(head, list(resolve(f"#/$defs/{row}")["properties"]), f"columns of {view} and keys of the schema")


@test
def schema_refuses():
    """The checker and the schema are able to say no."""
    with scene(*SCENE) as (ns, _):
        good = ns.json("--view", "sockets", "-a")
    check(not wrong(good, resolve("#/$defs/views/sockets")), "the good one is refused")
    for change in (lambda d: d.pop("limits"), lambda d: d.update(schema="sockeye/2"), lambda d: d.update(more=1),
                   lambda d: d["sockets"][0].pop("cookie"), lambda d: d["sockets"][0].update(cookie="12"),
                   lambda d: d["sockets"][0].update(state="open"), lambda d: d["sockets"][0].update(lport="80"),
                   lambda d: d["sockets"][0].update(lport=80.5), lambda d: d["sockets"][0].update(port=1),
                   lambda d: d["sockets"][0].update(owners=None), lambda d: d.update(time="now"),
                   lambda d: d["sockets"][0].update(owners=[{"pid": 1}])):
        bad = copy.deepcopy(good)
        change(bad)
        check(wrong(bad, resolve("#/$defs/views/sockets")), f"not refused: {bad['sockets'][0]}")
