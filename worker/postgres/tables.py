"""The tables as SQLAlchemy Core sees them; the migrations make them, and a test holds the two equal.

Names are text in the C collation, so that the database sorts them as Python does. Hot rows have room to grow in their
page and no index on what changes often (generation, used), which keeps their updates HOT (hazard 24).
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

NAME = Text(collation="C")
MOMENT = DateTime(timezone=True)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

resource_classes = Table(
    "resource_classes",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", NAME, nullable=False, unique=True),
    Column("ordinal", Integer, comment="place in the package of standard names; null: a custom one"),
)

traits = Table(
    "traits",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", NAME, nullable=False, unique=True),
    Column("ordinal", Integer, comment="place in the package of standard names; null: a custom one"),
)

providers = Table(
    "providers",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("uuid", Uuid, nullable=False, unique=True),
    Column("name", NAME, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("parent", BigInteger, ForeignKey("providers.id")),
    Column("root", BigInteger, ForeignKey("providers.id"), nullable=False),
    Column("created_at", MOMENT, nullable=False, server_default=func.now()),
    Column("updated_at", MOMENT, nullable=False, server_default=func.now()),
    # Checked at the end of a statement, so that two names can be swapped in one UPDATE.
    UniqueConstraint("name", deferrable=True, initially="IMMEDIATE"),
    CheckConstraint("generation >= 0", name="generation"),
    CheckConstraint("state IN ('enabled', 'draining')", name="state"),
    Index(None, "parent"),
    Index(None, "root"),
    postgresql_with={"fillfactor": 50},
)

provider_traits = Table(
    "provider_traits",
    metadata,
    Column("provider", BigInteger, ForeignKey("providers.id", ondelete="CASCADE"), nullable=False),
    Column("trait", Integer, ForeignKey("traits.id"), nullable=False),
    PrimaryKeyConstraint("provider", "trait"),
    Index(None, "trait"),
)

provider_aggregates = Table(
    "provider_aggregates",
    metadata,
    Column("provider", BigInteger, ForeignKey("providers.id", ondelete="CASCADE"), nullable=False),
    Column("aggregate", Uuid, nullable=False),
    PrimaryKeyConstraint("provider", "aggregate"),
    Index(None, "aggregate"),
)

inventories = Table(
    "inventories",
    metadata,
    Column("provider", BigInteger, ForeignKey("providers.id", ondelete="CASCADE"), nullable=False),
    Column("class", Integer, ForeignKey("resource_classes.id"), nullable=False),
    Column("total", Integer, nullable=False),
    Column("reserved", Integer, nullable=False),
    Column("min_unit", Integer, nullable=False),
    Column("max_unit", Integer, nullable=False),
    Column("step_size", Integer, nullable=False),
    Column("allocation_ratio", Numeric(13, 6), nullable=False),
    Column("used", BigInteger, nullable=False),
    PrimaryKeyConstraint("provider", "class"),
    CheckConstraint("total >= 1", name="total"),
    CheckConstraint("reserved >= 0 AND reserved <= total", name="reserved"),
    CheckConstraint("min_unit >= 1 AND min_unit <= max_unit", name="units"),
    CheckConstraint("step_size >= 1", name="step_size"),
    CheckConstraint("allocation_ratio >= 0", name="allocation_ratio"),
    CheckConstraint("used >= 0", name="used"),
    Index(None, "class"),
    postgresql_with={"fillfactor": 50},
)

consumers = Table(
    "consumers",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("uuid", Uuid, nullable=False, unique=True),
    Column("project", NAME, nullable=False),
    Column("user", NAME, nullable=False),
    Column("type", NAME),
    Column("generation", BigInteger, nullable=False),
    CheckConstraint("generation >= 0", name="generation"),
    Index(None, "project"),
    postgresql_with={"fillfactor": 70},
)

allocations = Table(
    "allocations",
    metadata,
    Column("consumer", BigInteger, ForeignKey("consumers.id"), nullable=False),
    Column("provider", BigInteger, nullable=False),
    Column("class", Integer, nullable=False),
    Column("amount", Integer, nullable=False),
    PrimaryKeyConstraint("consumer", "provider", "class"),
    # One key to the inventory stands for two, to the provider and to the class: half the checks on the hot path.
    ForeignKeyConstraint(["provider", "class"], ["inventories.provider", "inventories.class"]),
    CheckConstraint("amount > 0", name="amount"),
    Index(None, "provider", "class"),
    postgresql_with={"fillfactor": 70},
)

inbox_batches = Sequence("inbox_batches", metadata=metadata)

inbox = Table(
    "inbox",
    metadata,
    Column("claim_id", Uuid, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("types", Text, nullable=False),
    Column("bodies", LargeBinary, nullable=False),
    Column("correlation_id", Text),
    Column("batch", BigInteger, nullable=False),
    Column("recorded_at", MOMENT, nullable=False, server_default=func.now()),
    # Serves ageing by its first column, and a batch's rows by both: they share the moment of their transaction.
    Index(None, "recorded_at", "batch"),
)

inbox_unconfirmed = Table(
    "inbox_unconfirmed",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_at", MOMENT, nullable=False, server_default=func.now()),
    Column("swept_at", MOMENT),
)

changes = Table(
    "changes",
    metadata,
    # The transaction's id as a number: the driver reads it as one, and it sorts as an xid8 does.
    Column("xid", BigInteger, primary_key=True, server_default=text("(pg_current_xact_id()::text)::bigint")),
    Column("at", MOMENT, nullable=False, server_default=func.now()),
    Column("providers", ARRAY(BigInteger), nullable=False, comment="row ids of providers made, changed or deleted"),
    Column("everything", Boolean, nullable=False, comment="more has changed than the providers named"),
    # A thousand row ids stay in the page as they are: compressing them took longer than all else about the row.
    postgresql_with={"toast_tuple_target": 8160},
)

changes_trimmed = Table(
    "changes_trimmed",
    metadata,
    Column("single", Boolean, primary_key=True, server_default=text("true")),
    Column("up_to", BigInteger, nullable=False, comment="no change of a later transaction was ever deleted"),
    CheckConstraint("single", name="single"),
)
