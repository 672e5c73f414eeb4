"""A gallery's schema: making it, reading its header, bringing it up to date, rights to it."""

from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery import GalleryError
from bireid_runtime.gallery.schema import CODE_RULE, Header, require_sound
from bireid_runtime.search import MAX_DIM
from psycopg import errors, sql

from bireid_deploy.gallery_server.connection import Database, ServerConnection, number
from bireid_deploy.gallery_server.migrations import MIGRATIONS

OLDEST_SERVER = 140000
RIGHTS = {
    # What each may do beside reading, by table; only the owner removes, since only an owner's
    # VACUUM erases.
    "reader": {},
    "writer": {
        "person": "INSERT, UPDATE, DELETE",
        "entry": "INSERT, UPDATE",
        "embedding": "INSERT",
        "thumbnail": "INSERT",
        "camera": "INSERT, UPDATE",
    },
}


def create(connection: ServerConnection, header: Header) -> None:
    """Make the schema of a gallery.

    Raises:
        GalleryError: It is there already, the server is too old, or the rights are missing.
        ArgumentError: As `bireid_runtime.gallery.schema.require_sound`.
    """
    require_sound(header)
    schema, shown = connection.location.schema, connection.location.shown
    with connection.writing() as database:
        version = database.info.server_version
        if version < OLDEST_SERVER:
            raise GalleryError(f"{shown}: PostgreSQL {version // 10000}; it must be 14 or later")
        try:
            database.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        except errors.DuplicateSchema as error:
            raise GalleryError(f"{shown}: is there already; choose another name") from error
        database.execute(
            "CREATE TABLE migration (number integer PRIMARY KEY, "
            "at timestamptz NOT NULL DEFAULT now())"
        )
        for step in range(1, len(MIGRATIONS) + 1):
            _apply(database, step, header.dim)
        database.execute(
            "INSERT INTO gallery VALUES (1, %s, %s, %s, %s, %s)",
            (header.fingerprint, header.dim, CODE_RULE, header.retention_days, header.created),
        )
        _index_codes(database)


def read_header(connection: ServerConnection) -> Header:
    """What the gallery says of itself; not believed.

    Raises:
        GalleryError: There is none, or it is of another version.
    """
    shown = connection.location.shown
    with connection.reading() as database:
        try:
            step = number(database, "SELECT max(number) FROM migration")
        except errors.UndefinedTable as error:
            raise GalleryError(
                f"{shown}: no such gallery; make one with `gallery create`"
            ) from error
        if step is None or step > len(MIGRATIONS):
            raise GalleryError(
                f"{shown}: a gallery of version {step}; this one reads {len(MIGRATIONS)}"
            )
        if step < len(MIGRATIONS):
            raise GalleryError(
                f"{shown}: a gallery of version {step}; let its owner run `gallery migrate`"
            )
        return _header(database, shown)


def migrate(connection: ServerConnection) -> int:
    """Bring a gallery up to date, all or nothing; codes get pgvector's index if that is there.

    Returns:
        How many steps were missing.

    Raises:
        GalleryError: There is no gallery, or the rights are missing.
    """
    with connection.writing() as database:
        try:
            step = number(database, "SELECT max(number) FROM migration")
        except errors.UndefinedTable as error:
            raise GalleryError(f"{connection.location.shown}: no such gallery") from error
        dim = _header(database, connection.location.shown).dim
        for missing in range(step + 1, len(MIGRATIONS) + 1):
            _apply(database, missing, dim)
        _index_codes(database)
        return max(len(MIGRATIONS) - step, 0)


def grant(connection: ServerConnection, role: str, rights: str) -> None:
    """Give a role of the server the least rights that a use needs, and no others.

    Args:
        connection: Of the owner.
        role: A role that is there.
        rights: A key of `RIGHTS`.

    Raises:
        ArgumentError: Other rights.
        GalleryError: There is no such role, or the gallery is another's.
    """
    if rights not in RIGHTS:
        raise ArgumentError(f"rights are {' or '.join(RIGHTS)}, not {rights!r}")
    schema = sql.Identifier(connection.location.schema)
    grantee = sql.Identifier(role)
    statements = [
        "REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM {}",
        "REVOKE ALL ON ALL SEQUENCES IN SCHEMA {} FROM {}",
        "GRANT USAGE ON SCHEMA {} TO {}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}",
    ]
    if RIGHTS[rights]:
        statements.append("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {} TO {}")
    with connection.writing() as database:
        owner = number(
            database, "SELECT relowner::regrole FROM pg_class WHERE oid = 'entry'::regclass"
        )
        if owner == role:
            raise ArgumentError(f"{role} owns the gallery; it would lose rights")
        for statement in statements:
            database.execute(sql.SQL(statement).format(schema, grantee))
        for table, allowed in RIGHTS[rights].items():
            database.execute(
                sql.SQL("GRANT {} ON {} TO {}").format(
                    sql.SQL(allowed), sql.Identifier(connection.location.schema, table), grantee
                )
            )


def owns(database: Database) -> bool:
    """Whether the connection's role owns the gallery."""
    return bool(
        number(
            database,
            "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'entry'::regclass",
        )
    )


def extension_schema(database: Database) -> str | None:
    """The schema in which pgvector lies, quoted; None without it."""
    name = number(
        database,
        "SELECT quote_ident(nspname) FROM pg_extension "
        "JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector'",
    )
    return None if name is None else str(name)


def has_code_index(database: Database) -> bool:
    """Whether codes have pgvector's index."""
    return number(database, "SELECT to_regclass('entry_code')") is not None


def _apply(database: Database, step: int, dim: int) -> None:
    for statement in MIGRATIONS[step - 1](dim):
        database.execute(statement.encode())
    database.execute("INSERT INTO migration(number) VALUES (%s)", (step,))


def _index_codes(database: Database) -> None:
    schema = extension_schema(database)
    if schema is not None:
        statement = (
            "CREATE INDEX IF NOT EXISTS entry_code ON entry "
            f"USING hnsw (code {schema}.bit_hamming_ops)"
        )
        database.execute(statement.encode())


def _header(database: Database, shown: str) -> Header:
    row = database.execute(
        "SELECT fingerprint, dim, code_rule, retention_days, created FROM gallery"
    ).fetchone()
    if row is None or not 1 <= row[1] <= MAX_DIM or row[2] != CODE_RULE:
        raise GalleryError(f"{shown}: damaged: its header cannot be")
    return Header(row[0], row[1], row[3], row[4])
