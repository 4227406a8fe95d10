"""A third-party mail server that accepts mails and reports them on standard output.

The tests start and stop it. When ready it prints a line of JSON with its port, then a line for each mail: the envelope,
the bytes without SMTP's doubled dots, and the result of Python's own mail parser.
"""

import argparse
import asyncio
import base64
import datetime
import email
import email.policy
import json
import ssl
import tempfile
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--encryption", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--authority", help="the file that the certificate of the authority is written to")
    parser.add_argument("--self-signed", action="store_true", help="show a certificate as `openssl req -x509` makes it")
    parser.add_argument("--user")
    parser.add_argument("--password")
    return parser.parse_args()


def say(what):
    print(json.dumps(what), flush=True)


def text_of(message, kind):
    part = message.get_body(preferencelist=(kind,))
    return part.get_content() if part else None


class Handler:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        defects = [repr(defect) for part in message.walk() for defect in part.defects]
        defects += [repr(defect) for value in message.values() for defect in value.defects]
        say({
            "mail_from": envelope.mail_from,
            "rcpt_tos": envelope.rcpt_tos,
            "raw": base64.b64encode(envelope.content).decode("ascii"),
            "headers": [[name, str(value)] for name, value in message.items()],
            "to_addresses": [[to.display_name, to.addr_spec] for to in message["to"].addresses],
            "from_addresses": [[sender.display_name, sender.addr_spec] for sender in message["from"].addresses],
            "subject": str(message["subject"]),
            "message_id": str(message["message-id"]),
            "text": text_of(message, "plain"),
            "html": text_of(message, "html"),
            "defects": defects,
            "is_encrypted": server.transport.get_extra_info("sslcontext") is not None,
            "is_authenticated": session.authenticated,
        })
        return "250 taken"


def certificate(subject, issuer, key, issuer_key, extensions):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    return builder.sign(issuer_key, hashes.SHA256())


def encryption(authority_file, is_self_signed):
    """A context with a certificate for `localhost` by a new authority, or one that is its own authority."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test authority")])
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    names = (x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
    authority = certificate(name, name, authority_key, authority_key, [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        *([names] if is_self_signed else []),
    ])
    leaf = certificate(x509.Name([]), name, key, authority_key, [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName([x509.DNSName("localhost")]), True),
    ])
    if is_self_signed:
        key, leaf = authority_key, authority
    pem = serialization.Encoding.PEM
    Path(authority_file).write_bytes(authority.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as chain:
        chain.write(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        chain.write(leaf.public_bytes(pem))
        chain.flush()
        context.load_cert_chain(chain.name)
    return context


async def main():
    wanted = options()
    context = encryption(wanted.authority, wanted.self_signed) if wanted.encryption != "none" else None
    is_starttls = wanted.encryption == "starttls"

    def authenticate(server, session, envelope, mechanism, given):
        pair = (given.login.decode(), given.password.decode())
        return AuthResult(success=pair == (wanted.user, wanted.password), handled=False)

    def connection():
        return SMTP(
            Handler(),
            hostname="localhost",
            tls_context=context if is_starttls else None,
            require_starttls=is_starttls,
            auth_required=wanted.user is not None,
            auth_require_tls=is_starttls,
            authenticator=authenticate,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connection, "127.0.0.1", 0, ssl=None if is_starttls else context)
    say({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
