#!/usr/bin/env python3
"""Compares the keys, region and endpoint that weir finds with those that botocore finds, over a table of configurations.

    credentials_botocore.py RESOLVE_CREDENTIALS [--verbose] [NAME-PART...]

Each case is an environment and files below a home of its own. Services are doubles on loopback that both ask (key_services.py).
Where botocore fails weir must fail too; where weir deliberately differs the case says how (`differs`). Needs botocore.
"""

import argparse
import datetime
import getpass
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))


def nobody(*_, **__):
    raise EOFError("nobody is there to type a code")


getpass.getpass = nobody  # before botocore keeps the true one

import botocore.credentials  # noqa: E402
import botocore.session  # noqa: E402
import botocore.tokens  # noqa: E402
import botocore.utils  # noqa: E402
from key_services import KeyServices  # noqa: E402

ENV = {"AWS_ACCESS_KEY_ID": "EID", "AWS_SECRET_ACCESS_KEY": "ESECRET"}
ROLE = "role_arn = arn:aws:iam::123456789012:role/r\n"
KEYS = "aws_access_key_id = ID\naws_secret_access_key = SE/cr+et=\n"
SSO = "sso_account_id = 123456789012\nsso_role_name = reader\n"
LEGACY = SSO + "sso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n"
SESSION = "[sso-session work]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n"
PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
TABLE = []


def case(name, config="", credentials="", profile="", files=None, differs=None, **environment):
    """`files`: further files below HOME, by path. `differs`: what weir gives where it does not follow botocore."""
    TABLE.append({"name": name, "config": config, "credentials": credentials, "profile": profile, "files": files or {},
                  "differs": differs, "environment": environment})


def printing(**printed):
    return json.dumps({"Version": 1, "AccessKeyId": "PID", "SecretAccessKey": "PSECRET", **printed})


def process(text, tail=""):
    return f"credential_process = /bin/echo '{text}'{tail}\n"


def token_file(session, **token):
    name = hashlib.sha1(session.encode()).hexdigest()
    return {f".aws/sso/cache/{name}.json": json.dumps(token)}


def fill_table():
    stored_cases()
    role_cases()
    web_identity_cases()
    sso_cases()
    process_cases()
    container_cases()
    instance_cases()
    order_cases()
    setting_cases()


def stored_cases():
    case("environment", **ENV)
    case("environment with token", AWS_SESSION_TOKEN="t", **ENV)
    case("environment with the old name of the token", AWS_SECURITY_TOKEN="old", AWS_SESSION_TOKEN="t", **ENV)
    case("environment without secret", AWS_ACCESS_KEY_ID="EID")
    case("environment that expires later", AWS_CREDENTIAL_EXPIRATION=FUTURE, **ENV)
    case("environment that has expired", AWS_CREDENTIAL_EXPIRATION=PAST, **ENV)
    case("environment before profiles", credentials="[default]\n" + KEYS, **ENV)
    case("environment before a named profile", credentials="[x]\n" + KEYS, AWS_PROFILE="x", **ENV)
    case("an option names the profile: no environment", credentials="[x]\n" + KEYS, profile="x", **ENV)
    case("environment, and a named profile that is not there", AWS_PROFILE="gone", **ENV)
    case("credentials file", credentials="[default]\n" + KEYS)
    case("credentials file with token", credentials="[default]\n" + KEYS + "aws_session_token = tok\n")
    case("credentials file with the old token", credentials="[default]\n" + KEYS + "aws_security_token = old\naws_session_token = tok\n")
    case("credentials file without secret", credentials="[default]\naws_access_key_id = ID\n")
    case("config file", config="[default]\n" + KEYS)
    case("config file, named profile", config="[profile x]\n" + KEYS, AWS_PROFILE="x")
    case("config file, quoted profile", config='[profile "a b"]\n' + KEYS, AWS_PROFILE="a b")
    case("config file, profile without the word", config="[x]\n" + KEYS, AWS_PROFILE="x")
    case("AWS_DEFAULT_PROFILE", config="[profile x]\n" + KEYS, AWS_DEFAULT_PROFILE="x")
    case("credentials file before config file", config="[default]\naws_access_key_id = C\naws_secret_access_key = CS\n", credentials="[default]\n" + KEYS)
    case("a token of the other file is not mixed in", config="[default]\naws_session_token = other\n", credentials="[default]\n" + KEYS)
    case("a secret of the other file is not mixed in", config="[default]\naws_secret_access_key = other\n",
         credentials="[default]\naws_access_key_id = ID\n")
    case("CRLF, capitals, colons, no last newline", credentials="[default]\r\nAWS_Access_Key_Id: ID\r\naws_secret_access_key : S\r\nregion=eu-west-3")
    case("nested settings", config="[default]\n" + KEYS + "s3 =\n  addressing_style = path\n  max_concurrent_requests = 20\nregion = eu-west-1\n")
    case("a line that is none", credentials="[default]\n" + KEYS + "nonsense\n")
    case("a profile that is not there", config="[default]\n" + KEYS, AWS_PROFILE="gone")
    case("an option names a profile that is not there", config="[default]\n" + KEYS, profile="gone")
    case("nothing at all")
    case("other files", AWS_CONFIG_FILE="~/c", AWS_SHARED_CREDENTIALS_FILE="~/d",
         files={"c": "[default]\nregion = eu-west-2\n", "d": "[default]\n" + KEYS})
    case("a section that comes twice", credentials="[default]\nregion = a\n[default]\n" + KEYS,
         differs={"keys": ["ID", "SE/cr+et=", ""]})
    case("a byte-order mark", credentials="\ufeff[default]\n" + KEYS, differs={"keys": ["ID", "SE/cr+et=", ""]})


def role_cases():
    base = "[profile base]\n" + KEYS
    x = "[profile x]\nregion = eu-west-1\n" + ROLE
    case("role", config=base + x + "source_profile = base\n", AWS_PROFILE="x")
    case("role by option", config=base + x + "source_profile = base\n", profile="x", **ENV)
    case("role of the default profile", config=base + "[default]\nregion = eu-west-1\n" + ROLE + "source_profile = base\n")
    case("role with session, external id and duration", AWS_PROFILE="x",
         config=base + x + "source_profile = base\nrole_session_name = me\nexternal_id = a b/c\nduration_seconds = 1800\n")
    case("role with a duration that is no number", config=base + x + "source_profile = base\nduration_seconds = long\n", AWS_PROFILE="x")
    case("role, source in the credentials file", config=x + "source_profile = base\n", credentials="[base]\n" + KEYS + "aws_session_token = tok\n",
         AWS_PROFILE="x")
    case("role of a role", AWS_PROFILE="x",
         config=base + x + "source_profile = y\n[profile y]\nrole_arn = arn:aws:iam::123456789012:role/y\nsource_profile = base\n")
    case("role with keys of its own", config=x + KEYS + "source_profile = x\n", AWS_PROFILE="x")
    case("role in the middle with keys: the keys win", AWS_PROFILE="x",
         config=x + "source_profile = y\n[profile y]\n" + KEYS + ROLE + "source_profile = gone\n")
    case("role that sources itself", config=x + "source_profile = x\n", AWS_PROFILE="x")
    case("roles in a circle", config=x + "source_profile = y\n[profile y]\n" + ROLE + "source_profile = x\n", AWS_PROFILE="x")
    case("role with a source that is not there", config=x + "source_profile = gone\n", AWS_PROFILE="x")
    case("role with a source without keys", config=x + "source_profile = y\n[profile y]\nregion = a\n", AWS_PROFILE="x")
    case("role without a source", config=x, AWS_PROFILE="x")
    case("role with both sources", config=base + x + "source_profile = base\ncredential_source = Environment\n", AWS_PROFILE="x", **ENV)
    case("role of the environment", config=x + "credential_source = Environment\n", profile="x", **ENV)
    case("role of an empty environment", config=x + "credential_source = Environment\n", AWS_PROFILE="x")
    case("role of the container", config=x + "credential_source = EcsContainer\n", AWS_PROFILE="x",
         AWS_CONTAINER_CREDENTIALS_FULL_URI="{services}/container/open")
    case("role of the instance", config=x + "credential_source = Ec2InstanceMetadata\n", AWS_PROFILE="x",
         AWS_EC2_METADATA_SERVICE_ENDPOINT="{services}/imds/v2")
    case("role of an unknown source", config=x + "credential_source = Moon\n", AWS_PROFILE="x")
    case("role that is denied", config=base + "[profile x]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/denied\nsource_profile = base\n", AWS_PROFILE="x")
    case("role of a process", config=x + "source_profile = y\n[profile y]\n" + process(printing(SessionToken="pt")), AWS_PROFILE="x")
    case("role of an SSO profile", config=x + "source_profile = y\n[profile y]\n" + LEGACY, AWS_PROFILE="x",
         files=token_file("https://x.awsapps.com/start", accessToken="good", expiresAt=FUTURE))
    case("role of a web identity", config=x + "source_profile = y\n[profile y]\n" + ROLE + "web_identity_token_file = {home}/token\n",
         files={"token": "jwt.jwt"}, AWS_PROFILE="x")
    case("role with region of the environment", config=base + x + "source_profile = base\n", AWS_PROFILE="x", AWS_DEFAULT_REGION="ap-south-1")
    case("role with MFA", config=base + x + "source_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n", AWS_PROFILE="x",
         differs={"error": 'profile "x" needs a code of an MFA device (mfa_serial), which weir does not do'})


def web_identity_cases():
    web = {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/w", "AWS_DEFAULT_REGION": "eu-west-1"}
    x = "[profile x]\nregion = eu-west-1\n" + ROLE + "web_identity_token_file = {home}/token\n"
    case("web identity of the environment", files={"token": "jwt.jwt"}, **web)
    case("web identity with a session's name", files={"token": "jwt.jwt"}, AWS_ROLE_SESSION_NAME="me", **web)
    case("web identity without a role", files={"token": "jwt.jwt"}, AWS_WEB_IDENTITY_TOKEN_FILE="{home}/token")
    case("web identity without its file", **web)
    case("web identity of a profile", config=x + "role_session_name = sess\n", files={"token": "jwt.jwt"}, AWS_PROFILE="x")
    case("web identity by option: not the environment's", config="[profile x]\n" + KEYS, files={"token": "jwt.jwt"}, profile="x", **web)
    case("web identity before keys of files", credentials="[default]\n" + KEYS, files={"token": "jwt.jwt"}, **web)
    case("web identity that is denied", files={"token": "jwt.jwt"}, **{**web, "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/denied"})


def sso_cases():
    url = "https://x.awsapps.com/start"
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    x = "[profile x]\nsso_session = work\n" + SSO
    renewal = {"clientId": "c", "clientSecret": "s", "registrationExpiresAt": FUTURE}
    case("SSO, older form", config="[profile x]\n" + LEGACY, files=token_file(url, accessToken="good", expiresAt=FUTURE), AWS_PROFILE="x")
    case("SSO, older form, time in words", config="[profile x]\n" + LEGACY, AWS_PROFILE="x",
         files=token_file(url, accessToken="good", expiresAt="2099-01-01T00:00:00UTC"))
    case("SSO, older form, token has ended", config="[profile x]\n" + LEGACY, files=token_file(url, accessToken="good", expiresAt=PAST), AWS_PROFILE="x")
    case("SSO, older form, not logged in", config="[profile x]\n" + LEGACY, AWS_PROFILE="x")
    case("SSO, token refused", config="[profile x]\n" + LEGACY, files=token_file(url, accessToken="bad", expiresAt=FUTURE), AWS_PROFILE="x")
    case("SSO without account", config="[profile x]\nsso_role_name = reader\nsso_region = a\nsso_start_url = b\n", AWS_PROFILE="x")
    case("SSO session", config=x + SESSION, files=token_file("work", accessToken="good", expiresAt=FUTURE), AWS_PROFILE="x")
    case("SSO session, token refreshed", config=x + SESSION, AWS_PROFILE="x",
         files=token_file("work", accessToken="good", expiresAt=PAST, refreshToken="refresh-me", **renewal))
    case("SSO session, refresh fails, token still good", config=x + SESSION, AWS_PROFILE="x",
         files=token_file("work", accessToken="good", expiresAt=soon, refreshToken="spent", **renewal))
    case("SSO session, refresh fails, token has ended", config=x + SESSION, AWS_PROFILE="x",
         files=token_file("work", accessToken="good", expiresAt=PAST, refreshToken="spent", **renewal))
    case("SSO session, registration has ended", config=x + SESSION, AWS_PROFILE="x",
         files=token_file("work", accessToken="good", expiresAt=PAST, refreshToken="refresh-me", **{**renewal, "registrationExpiresAt": PAST}))
    case("SSO session that is not there", config=x, AWS_PROFILE="x")
    case("SSO session that contradicts the profile", config=x + "sso_region = us-west-2\n" + SESSION, AWS_PROFILE="x",
         files=token_file("work", accessToken="good", expiresAt=FUTURE))
    case("SSO before keys of files", config="[profile x]\n" + LEGACY, credentials="[x]\n" + KEYS, AWS_PROFILE="x",
         files=token_file(url, accessToken="good", expiresAt=FUTURE))


def process_cases():
    def default(text, tail=""):
        return "[default]\n" + process(text, tail)
    case("process", config=default(printing()))
    case("process with token and end", config=default(printing(SessionToken="pt", Expiration=FUTURE)))
    case("process whose keys have expired", config=default(printing(SessionToken="pt", Expiration=PAST)))
    case("process of another version", config=default(printing(Version=2)))
    case("process without secret", config=default('{"Version": 1, "AccessKeyId": "PID"}'))
    case("process that prints no JSON", config=default("hello"))
    case("process that fails", config="[default]\ncredential_process = /bin/false\n")
    case("process that is not there", config="[default]\ncredential_process = /no/such/program\n")
    case("process with quotes", config='[default]\ncredential_process = /bin/sh "{home}/a b.sh" one\\ word "two \\"words\\""\n',
         files={"a b.sh": 'printf \'{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"}\' "$1" "$2" | tr -d ""; exit 0\n'
                .replace('"$2"', '"$(echo "$2" | tr -d \'\\042\')"')})
    case("process with an open quote", config='[default]\ncredential_process = /bin/echo "a\n')
    case("process with a number sign", config="[default]\ncredential_process = /bin/sh {home}/p.sh # x\n",
         files={"p.sh": 'printf \'{"Version":1,"AccessKeyId":"K%s","SecretAccessKey":"S"}\' $#\n'})
    case("process before keys of the config file", config=default(printing()) + KEYS)
    case("process behind keys of the credentials file", config=default(printing()), credentials="[default]\n" + KEYS)


def container_cases():
    case("container", AWS_CONTAINER_CREDENTIALS_FULL_URI="{services}/container/open")
    case("container with token", AWS_CONTAINER_CREDENTIALS_FULL_URI="{services}/container/locked", AWS_CONTAINER_AUTHORIZATION_TOKEN="Bearer x")
    case("container with token file", AWS_CONTAINER_CREDENTIALS_FULL_URI="{services}/container/locked", files={"t": "Bearer x"},
         AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="{home}/t", AWS_CONTAINER_AUTHORIZATION_TOKEN="other")
    case("container with a token of two lines", AWS_CONTAINER_CREDENTIALS_FULL_URI="{services}/container/locked",
         AWS_CONTAINER_AUTHORIZATION_TOKEN="Bearer\r\nx")
    case("container elsewhere", AWS_CONTAINER_CREDENTIALS_FULL_URI="http://example.com/keys")
    case("container at a host that looks like this machine", AWS_CONTAINER_CREDENTIALS_FULL_URI="http://127.0.0.1.example.com/keys")
    case("container behind profiles", credentials="[default]\n" + KEYS, AWS_CONTAINER_CREDENTIALS_FULL_URI="{services}/container/open")
    case("container for a profile without keys", config="[profile x]\nregion = eu-west-1\n", profile="x",
         AWS_CONTAINER_CREDENTIALS_FULL_URI="{services}/container/open")
    case("container without secret", AWS_CONTAINER_CREDENTIALS_FULL_URI="{services}/container/partial")


def instance_cases():
    def imds(way, **more):
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "{services}/imds/" + way, "AWS_EC2_METADATA_DISABLED": "false", **more}
    case("instance, version 2", **imds("v2"))
    case("instance, version 2, '/' at the end", **imds("v2/"))
    case("instance, version 1", **imds("v1"))
    case("instance, token forbidden", **imds("forbidden"))
    case("instance, version 1 is off", AWS_EC2_METADATA_V1_DISABLED="true", **imds("v1"))
    case("instance that finds the request bad", **imds("bad"))
    case("instance without a role", **imds("norole"))
    case("instance whose role fails", **imds("failed"))
    case("instance, disabled", **imds("v2", AWS_EC2_METADATA_DISABLED="TRUE"))
    case("instance of the profile", config="[default]\nec2_metadata_service_endpoint = {services}/imds/v2\n", AWS_EC2_METADATA_DISABLED="false")
    case("instance behind the container", AWS_CONTAINER_CREDENTIALS_FULL_URI="{services}/container/open", **imds("v2"))
    case("instance where nobody listens", **imds("x", AWS_EC2_METADATA_SERVICE_ENDPOINT="http://127.0.0.1:9"))
    case("instance with a wrong mode", AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE="ipv5", **imds("v2"))


def order_cases():
    case("`aws login`", config="[profile x]\nlogin_session = arn:aws:sts::1:x\n", AWS_PROFILE="x",
         differs={"error": 'profile "x" needs the session of `aws login` (login_session), which weir does not do'})
    case("`aws login` behind keys", config="[profile x]\nlogin_session = y\n", credentials="[x]\n" + KEYS, AWS_PROFILE="x")
    case("role before everything", config="[default]\nregion = eu-west-1\n" + ROLE + "source_profile = b\n" + process(printing()) + "[profile b]\n" + KEYS,
         credentials="[default]\naws_access_key_id = other\naws_secret_access_key = other\n",
         AWS_CONTAINER_CREDENTIALS_FULL_URI="{services}/container/open")
    case("nothing, but the old tools' file", AWS_CREDENTIAL_FILE="{home}/old", files={"old": "AWSAccessKeyId=A\nAWSSecretKey=B\n"},
         differs={"error": "AWS_CREDENTIAL_FILE names a file of a form that weir does not read"})


def setting_cases():
    own = {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_STS": ""}
    case("region of the profile", config="[default]\nregion = eu-central-1\n", **ENV, **own)
    case("region of the environment before the profile", config="[default]\nregion = eu-central-1\n", AWS_DEFAULT_REGION="ap-east-1", **ENV, **own)
    case("region in China", AWS_DEFAULT_REGION="cn-north-1", **ENV, **own)
    case("region of a closed partition", AWS_DEFAULT_REGION="us-isob-east-1", **ENV, **own)
    case("endpoint of the environment", **ENV, **{**own, "AWS_ENDPOINT_URL": "http://127.0.0.1:1234"})
    case("endpoint of the service before the general one", AWS_ENDPOINT_URL_S3="https://s3.example", **ENV, **{**own, "AWS_ENDPOINT_URL": "http://a"})
    case("endpoint of the profile", config="[default]\nendpoint_url = https://p.example\n", **ENV, **own)
    services = "[default]\nservices = dev\nendpoint_url = https://p.example\n[services dev]\ns3 =\n  endpoint_url = https://s3.example:9000\nsts =\n  endpoint_url = https://sts.example\n"
    case("endpoint of a section of services", config=services, **ENV, **own)
    case("endpoint of the environment before sections", config=services, **ENV, **{**own, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    case("endpoints ignored", config=services, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true", AWS_DEFAULT_REGION="eu-west-1", **ENV,
         **{**own, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    case("endpoints ignored by the profile", config=services.replace("services =", "ignore_configured_endpoint_urls = true\nservices ="),
         AWS_DEFAULT_REGION="eu-west-1", **ENV, **own)
    case("section of services without s3", config="[default]\nservices = dev\nendpoint_url = https://p.example\n[services dev]\nsts =\n  endpoint_url = https://a\n",
         **ENV, **own)
    case("section of services that is not there", config="[default]\nservices = dev\n", **ENV, **own)
    case("checksums when required", AWS_REQUEST_CHECKSUM_CALCULATION="WHEN_REQUIRED", **ENV, **own)
    case("nothing compared but when required", AWS_RESPONSE_CHECKSUM_VALIDATION="WHEN_REQUIRED", **ENV, **own)
    case("comparing as the profile says", config="[default]\nresponse_checksum_validation = when_required\n", **ENV, **own)
    case("checksums of the profile", config="[default]\nrequest_checksum_calculation = when_required\n", **ENV, **own)
    case("checksums of the environment first", config="[default]\nrequest_checksum_calculation = when_required\n",
         AWS_REQUEST_CHECKSUM_CALCULATION="when_supported", **ENV, **own)
    case("virtual hosts of the profile", config="[default]\ns3 =\n    addressing_style = virtual\n", **ENV, **own)
    case("CA bundle of the profile", config="[default]\nca_bundle = /etc/hosts\n", **ENV, **own)
    case("CA bundle of the environment first", config="[default]\nca_bundle = /etc/hosts\n", AWS_CA_BUNDLE="/etc/passwd", **ENV, **own)


# --- asking both ----------------------------------------------------------------------------------------------------------


def write_files(home, test, names):
    for path, text in {".aws/config": test["config"], ".aws/credentials": test["credentials"], **test["files"]}.items():
        for name, value in names.items():
            text = text.replace("{" + name + "}", value)
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(text.encode())


def environment_of(home, test, services):
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true",
                   "AWS_ENDPOINT_URL_STS": services + "/sts", "AWS_ENDPOINT_URL_SSO": services, "AWS_ENDPOINT_URL_SSO_OIDC": services,
                   "AWS_METADATA_SERVICE_TIMEOUT": "2"}
    if "AWS_EC2_METADATA_SERVICE_ENDPOINT" in test["environment"]:
        del environment["AWS_EC2_METADATA_DISABLED"]
    environment.update(test["environment"])
    return {name: value.replace("{services}", services).replace("{home}", str(home)) for name, value in environment.items() if value}


def botocore_finds(test, environment):
    os.environ.clear()
    os.environ.update(environment)
    cache = os.path.join(environment["HOME"], ".aws", "sso", "cache")
    botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR = cache
    botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR = cache
    try:
        session = botocore.session.Session(profile=test["profile"] or None)
        client = session.create_client("s3")
        keys = session.get_credentials()
        if keys is None:
            return {"error": "none found"}
        keys = keys.get_frozen_credentials()
    except Exception as error:  # whatever it is, botocore does not go on
        return {"error": f"{type(error).__name__}: {error}"}
    region = client.meta.region_name
    region = "us-east-1" if region in (None, "aws-global") else region
    endpoint = client.meta.endpoint_url
    return {"keys": [keys.access_key, keys.secret_key, keys.token or ""], "region": region,
            "endpoint": "https://s3.us-east-1.amazonaws.com" if endpoint == "https://s3.amazonaws.com" else endpoint,
            "checksum": client.meta.config.request_checksum_calculation.lower() != "when_required",
            "validates": client.meta.config.response_checksum_validation.lower() != "when_required",
            "addressing": (client.meta.config.s3 or {}).get("addressing_style") or "auto",
            "ca_bundle": session.get_config_variable("ca_bundle") or ""}


def difference(test, theirs, ours):
    """What is wrong, or None."""
    wanted = test["differs"]
    if wanted is None:
        if "error" in theirs or "error" in ours:
            return None if "error" in theirs and "error" in ours else "one of the two fails"
        return None if theirs == ours else "they find different things"
    for name, value in wanted.items():
        if name == "error" and value not in ours.get("error", ""):
            return f"weir does not say {value!r}"
        if name != "error" and ours.get(name) != value:
            return f"weir does not find {value!r}"
    return None


def main():
    fill_table()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("probe")
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    chosen = [test for test in TABLE if all(part in test["name"] for part in options.parts)]
    probe = subprocess.Popen([options.probe], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    botocore.utils.ContainerMetadataFetcher.SLEEP_TIME = 0
    wrong = alike = failing = 0
    with tempfile.TemporaryDirectory() as scratch, KeyServices() as services:
        for number, test in enumerate(chosen):
            answers = []
            for who in ("botocore", "weir"):
                # The same folder for both, made anew: a token that one of them refreshed is not there for the other.
                home = Path(scratch) / str(number)
                subprocess.run(["rm", "-rf", str(home)], check=True, env={"PATH": "/bin:/usr/bin"})
                write_files(home, test, {"home": str(home), "services": services.url})
                environment = environment_of(home, test, services.url)
                if who == "botocore":
                    answers.append(botocore_finds(test, environment))
                    continue
                probe.stdin.write(json.dumps({"profile": test["profile"], "environment": environment}) + "\n")
                probe.stdin.flush()
                answers.append(json.loads(probe.stdout.readline()))
            fault = difference(test, *answers)
            if fault:
                wrong += 1
                print(f"{test['name']}: {fault}\n  botocore {answers[0]}\n  weir     {answers[1]}")
            if options.verbose:
                print(f"{test['name']}: {answers[0].get('error') or answers[0]['keys'][0]} | {answers[1].get('error') or answers[1]['keys'][0]}")
            failing += fault is None and "error" in answers[1]
            alike += fault is None and test["differs"] is None
    probe.stdin.close()
    probe.wait()
    print(f"{len(chosen)} configurations: {alike} alike (of those that are judged {failing} fail), "
          f"{sum(test['differs'] is not None for test in chosen)} differ on purpose, {wrong} wrong")
    return 1 if wrong or (not options.parts and len(chosen) < 60) else 0


if __name__ == "__main__":
    sys.exit(main())
