"""What data/org.bloodbank.Heartbeat1.xml documents."""

import collections
import os
import re
import xml.etree.ElementTree as ElementTree

from .agent import PREFIX

XML = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "data", "org.bloodbank.Heartbeat1.xml")
EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"

# takes, gives: the types of arguments and results, as one text each; errors: without the prefix
Method = collections.namedtuple("Method", "takes gives errors")
Property = collections.namedtuple("Property", "type emits")


def read():
    """Return the text of the file."""
    with open(XML, encoding="utf-8") as file:
        return file.read()


def parse(text):
    """Return the text's interfaces, each as a set of facts that two descriptions of the same interface share."""
    interfaces = {}
    for interface in ElementTree.fromstring(text.encode()).findall("interface"):
        facts = interfaces[interface.get("name")] = set()
        for member in interface:
            arguments = tuple((arg.get("name"), arg.get("type"), arg.get("direction")) for arg in member.findall("arg")
                              ) if member.tag == "method" else tuple((arg.get("name"), arg.get("type"))
                                                                     for arg in member.findall("arg"))
            notes = tuple((note.get("name"), note.get("value")) for note in member.findall("annotation"))
            facts.add((member.tag, member.get("name"), member.get("type"), member.get("access"), arguments, notes))
    return interfaces


def _members(tag):
    for interface in ElementTree.fromstring(read().encode()).findall("interface"):
        for member in interface.findall(tag):
            yield interface.get("name")[len(PREFIX) + 1:] + "." + member.get("name"), member


def _types(member, direction):
    return "".join(arg.get("type") for arg in member.findall("arg") if arg.get("direction", direction) == direction)


def _errors():
    """Yield each method with the errors that its description lists."""
    for interface in re.findall(r'<interface name="\S+\.(\w+)">(.*?)</interface>', read(), re.S):
        for comment, name in re.findall(r'<!--((?:(?!-->).)*)-->\s*<method name="(\w+)"', interface[1], re.S):
            listed = comment.partition("Errors:")[2]
            yield f"{interface[0]}.{name}", set(re.findall(r"<literal>([A-Z]\w+)</literal>", listed))


def methods():
    """Return all methods, as INTERFACE.NAME."""
    errors = dict(_errors())
    return {name: Method(_types(member, "in"), _types(member, "out"), errors[name]) for name, member in _members("method")}


def signals():
    """Return the types of all signals' arguments."""
    return {name: _types(member, None) for name, member in _members("signal")}


def properties():
    """Return all properties."""
    return {name: Property(member.get("type"), {note.get("name"): note.get("value") for note in member}.get(EMITS, "true"))
            for name, member in _members("property")}
