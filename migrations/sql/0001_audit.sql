-- The audit trail (architecture D11): who, when, old, new, why, of every change to every table,
-- written by statement triggers so that bulk and raw writes leave the same trail as any other;
-- one HMAC link per transaction, made at commit, so that writers only queue for that moment.

CREATE SCHEMA audit;

CREATE SEQUENCE audit.entry_id;

CREATE TABLE audit.entry (
    id bigint PRIMARY KEY,
    transaction uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    reason text,
    table_name text NOT NULL,
    row_key text NOT NULL,
    operation text NOT NULL CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE')),
    old jsonb,
    new jsonb,
    digest bytea NOT NULL
);
CREATE INDEX ix_entry_transaction ON audit.entry (transaction);
CREATE INDEX ix_entry_row ON audit.entry (table_name, row_key, id);

CREATE TABLE audit.link (
    seq bigint PRIMARY KEY,
    transaction uuid NOT NULL UNIQUE,
    at timestamptz NOT NULL,
    entries bigint NOT NULL,
    digest bytea NOT NULL,
    mac bytea NOT NULL
);

-- A row stands here from a transaction's first entry until its commit, to carry the deferred trigger.
CREATE TABLE audit.pending (transaction uuid PRIMARY KEY);

-- SQL for one row of a table as JSON; bytes are replaced by their SHA-256.
CREATE FUNCTION audit.state_expression(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT 'jsonb_build_object(' || string_agg(
        CASE WHEN atttypid = 'bytea'::regtype
             THEN format('%L, encode(sha256(t.%I), ''hex'')', attname, attname)
             ELSE format('%L, t.%I', attname, attname) END,
        ', ' ORDER BY attnum) || ')'
    FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
$$;

-- SQL for one row's primary key as text.
CREATE FUNCTION audit.key_expression(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT 'concat_ws(''/'', ' || string_agg(format('t.%I', a.attname), ', ' ORDER BY k.position) || ')'
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = relation AND i.indisprimary
$$;

CREATE FUNCTION audit.entry_digest(
    id bigint, transaction uuid, at timestamptz, actor text, reason text,
    table_name text, row_key text, operation text, old jsonb, new jsonb
) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog SET timezone = 'UTC' AS $$
    SELECT sha256(convert_to(jsonb_build_array(
        id, transaction, at, actor, reason, table_name, row_key, operation, old, new)::text, 'UTF8'))
$$;

CREATE FUNCTION audit.record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog SET timezone = 'UTC' SET extra_float_digits = 1 AS $$
DECLARE
    state text := audit.state_expression(TG_RELID);
    key text := audit.key_expression(TG_RELID);
    changes text;
    written bigint;
BEGIN
    IF coalesce(current_setting('hometrial.actor', true), '') = '' THEN
        RAISE EXCEPTION 'a write to %.% without an actor is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING HINT = 'write through the program, which says who acts';
    END IF;
    IF coalesce(current_setting('hometrial.transaction', true), '') = '' THEN
        PERFORM set_config('hometrial.transaction', gen_random_uuid()::text, true);
    END IF;
    changes := CASE TG_OP
        WHEN 'INSERT' THEN format(
            'SELECT %s AS key, NULL::jsonb AS old, %s AS new FROM new_rows t', key, state)
        WHEN 'DELETE' THEN format(
            'SELECT %s AS key, %s AS old, NULL::jsonb AS new FROM old_rows t', key, state)
        ELSE format(
            'SELECT coalesce(n.key, o.key) AS key, o.old, n.new'
            ' FROM (SELECT %1$s AS key, %2$s AS new FROM new_rows t) n'
            ' FULL JOIN (SELECT %1$s AS key, %2$s AS old FROM old_rows t) o ON n.key = o.key'
            ' WHERE o.old IS DISTINCT FROM n.new', key, state)
    END;
    EXECUTE format(
        'INSERT INTO audit.entry (id, transaction, at, actor, reason, table_name, row_key,'
        '                         operation, old, new, digest)'
        ' SELECT e.*, audit.entry_digest(e.id, e.transaction, e.at, e.actor, e.reason,'
        '                                e.table_name, e.row_key, e.operation, e.old, e.new)'
        ' FROM (SELECT nextval(''audit.entry_id'') AS id, $1::uuid AS transaction,'
        '              transaction_timestamp() AS at, $2 AS actor, $3 AS reason,'
        '              $4 AS table_name, c.key AS row_key, $5 AS operation, c.old, c.new'
        '       FROM (%s) c) e', changes)
    USING current_setting('hometrial.transaction'), current_setting('hometrial.actor'),
          nullif(current_setting('hometrial.reason', true), ''),
          TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, TG_OP;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written > 0 THEN
        INSERT INTO audit.pending VALUES (current_setting('hometrial.transaction')::uuid)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

-- HMAC-SHA-256 (RFC 2104) with a key of at most 64 bytes.
CREATE FUNCTION audit.hmac(key bytea, message bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
    inner_pad bytea := decode(repeat('36', 64), 'hex');
    outer_pad bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR i IN 0 .. length(key) - 1 LOOP
        inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # get_byte(key, i));
        outer_pad := set_byte(outer_pad, i, get_byte(outer_pad, i) # get_byte(key, i));
    END LOOP;
    RETURN sha256(outer_pad || sha256(inner_pad || message));
END
$$;

-- What a link's MAC covers: the link before it, its number, its time, and all its entries.
CREATE FUNCTION audit.link_message(
    previous bytea, seq bigint, transaction uuid, at timestamptz, entries bigint, digest bytea
) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog SET timezone = 'UTC' AS $$
    SELECT convert_to(jsonb_build_array(encode(previous, 'hex'), seq, transaction, at, entries,
                                        encode(digest, 'hex'))::text, 'UTF8')
$$;

CREATE FUNCTION audit.chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC' AS $$
DECLARE
    secret text := coalesce(current_setting('hometrial.audit_key', true), '');
    last record;
    made record;
    now_at timestamptz := clock_timestamp();
BEGIN
    IF secret = '' THEN
        RAISE EXCEPTION 'a write without the audit key is refused'
            USING HINT = 'write through the program, which holds the key';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('hometrial.audit'));
    SELECT seq, mac INTO last FROM audit.link ORDER BY seq DESC LIMIT 1;
    SELECT count(*) AS entries, sha256(string_agg(digest, ''::bytea ORDER BY id)) AS digest
        INTO made FROM audit.entry WHERE transaction = NEW.transaction;
    INSERT INTO audit.link (seq, transaction, at, entries, digest, mac) VALUES (
        coalesce(last.seq, 0) + 1, NEW.transaction, now_at, made.entries, made.digest,
        audit.hmac(decode(secret, 'hex'), audit.link_message(
            coalesce(last.mac, ''::bytea), coalesce(last.seq, 0) + 1, NEW.transaction, now_at,
            made.entries, made.digest)));
    DELETE FROM audit.pending WHERE transaction = NEW.transaction;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER chain AFTER INSERT ON audit.pending
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit.chain();

CREATE FUNCTION audit.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: it is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME;
END
$$;

CREATE FUNCTION audit.make_append_only(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()', relation);
END
$$;

-- Called once for each new table: its changes are recorded from then on.
CREATE FUNCTION audit.attach(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION audit.record()', relation);
    EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %s'
                   ' REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION audit.record()', relation);
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION audit.record()', relation);
    EXECUTE format('CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()', relation);
END
$$;

SELECT audit.make_append_only('audit.entry');
SELECT audit.make_append_only('audit.link');

-- The rows of a table whose present state is not what the trail last recorded.
CREATE FUNCTION audit.drift(name text) RETURNS TABLE (row_key text, problem text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog SET timezone = 'UTC' SET extra_float_digits = 1 AS $$
DECLARE
    relation regclass := name::regclass;
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT coalesce(s.key, e.row_key), CASE'
        '   WHEN e.row_key IS NULL THEN ''stands in the table but was never recorded'''
        '   WHEN s.key IS NULL THEN ''was recorded but is gone from the table'''
        '   ELSE ''is not as it was recorded'' END'
        ' FROM (SELECT %1$s AS key, %2$s AS state FROM %3$s t) s'
        ' FULL JOIN (SELECT DISTINCT ON (row_key) row_key, new FROM audit.entry'
        '            WHERE table_name = $1 ORDER BY row_key, id DESC) e ON s.key = e.row_key'
        ' WHERE s.state IS DISTINCT FROM e.new ORDER BY 1',
        audit.key_expression(relation), audit.state_expression(relation), relation)
    USING name;
END
$$;
