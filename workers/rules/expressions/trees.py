"""What is read off the syntax tree of an expression, and off its types, for the compiler."""

from typing import Any

from jinja2 import nodes


def key_in_brackets(node: Any) -> Any:
    """What stands in `[ ]`, or behind the point; None when it is no plain number or text."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node.arg, nodes.Neg) and isinstance(node.arg.node, nodes.Const):
        return -node.arg.node.value
    return node.arg.value if isinstance(node.arg, nodes.Const) else None


def path_of(node: Any) -> list[str]:
    """`a.b["c"]` as its names; empty when it does not begin with a name."""
    names: list[str] = []
    while True:
        if isinstance(node, nodes.Name):
            return [node.name, *reversed(names)]
        if isinstance(node, nodes.Getattr):
            names.append(node.attr)
        elif (
            isinstance(node, nodes.Getitem)
            and isinstance(node.arg, nodes.Const)
            and isinstance(node.arg.value, str)
        ):
            names.append(node.arg.value)
        else:
            return []
        node = node.node


def family(kind: str) -> str:
    """What kinds of the catalogue have in common for operators."""
    return {
        "seconds": "number",
        "time": "number",
        "phone": "text",
        "digits": "text",
        "members": "list",
        "phones": "list",
        "member": "any",
    }.get(kind, kind)


def said(family: str) -> str:
    """A family in a message."""
    return {"flag": "true or false"}.get(family, f"a {family}")


def spelled_out(node: nodes.Node) -> str:
    """An expression whole, in one form: blanks, quotes and needless brackets are not in it."""
    parts: list[str] = []
    left: list[Any] = [node]
    while left:
        part = left.pop()
        if isinstance(part, nodes.Node):
            parts.append(type(part).__name__)
            left += reversed([getattr(part, name) for name in part.fields])
        elif isinstance(part, list | tuple):
            parts.append(f"[{len(part)}]")
            left += reversed(part)
        else:
            parts.append(repr(part))
    return " ".join(parts)
