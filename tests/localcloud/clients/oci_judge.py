"""What Oracle's SDK for Python makes of configuration files and of regions.

Usage: oci_judge.py PROFILES.json REGIONS.json

Prints one JSON document: the SDK's judgement of each file and of each region of the two tables, in their order, and
the SDK's own table of regions.
"""

import configparser
import importlib
import json
import os
import sys
import tempfile

import oci
from oci import regions, regions_definitions
from oci.config import DEFAULT_CONFIG

ADDED = DEFAULT_CONFIG.keys()


def profile(case):
    """The values of a profile, or how and on which line the SDK refuses the file."""
    with open(os.path.expanduser("~/.oci/config"), "w", encoding="utf-8", newline="") as file:
        file.write(case["file"])
    try:
        config = oci.config.from_file(profile_name=case["profile"])
    except oci.exceptions.ProfileNotFound:
        return {"refused": "ProfileNotFound"}
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or error.errors[0][0]
        return {"refused": type(error).__name__, "line": line}
    except ValueError as error:
        return {"refused": type(error).__name__}
    return {"values": {name: value for name, value in config.items() if name not in ADDED or value != DEFAULT_CONFIG[name]}}


def endpoint(case):
    """Where the SDK finds the Identity service of a region."""
    variables = {name: value for name, value in case.items() if name.startswith("OCI_")}
    path = os.path.expanduser("~/.oci/regions-config.json")
    if "file" in case:
        with open(path, "w", encoding="utf-8") as file:
            file.write(case["file"])
    elif os.path.exists(path):
        os.remove(path)
    os.environ.update(variables)
    try:
        importlib.reload(regions_definitions)
        importlib.reload(regions)
        region = regions.get_region_from_short_name(case["region"])
        return regions.endpoint_for(
            "identity", region=region, service_endpoint_template="https://identity.{region}.oci.{secondLevelDomain}"
        )
    finally:
        for name in variables:
            del os.environ[name]


def table():
    """Every region that the SDK knows: key, name, realm, domain."""
    for key, name in regions_definitions.REGIONS_SHORT_NAMES.items():
        realm = regions_definitions.REGION_REALMS[name]
        yield f"{key} {name} {realm} {regions_definitions.REALMS[realm]}"


def main():
    profiles, cases = ([*json.load(open(path, encoding="utf-8"))] for path in sys.argv[1:])
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        for name in [name for name in os.environ if name.startswith("OCI_")]:
            del os.environ[name]
        os.mkdir(os.path.join(home, ".oci"))
        for name in ("a.pem", "b.pem"):
            open(os.path.join(home, ".oci", name), "w").close()
        judged = {"profiles": [profile(case) for case in profiles], "regions": [endpoint(case) for case in cases]}
    importlib.reload(regions_definitions)
    print(json.dumps({**judged, "table": list(table())}))


main()
