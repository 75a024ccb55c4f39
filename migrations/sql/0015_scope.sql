-- What staff see: the people of their sites, held by the tables themselves (trust.md TM2).

CREATE SCHEMA scope;

-- The sites of the request, as a list; nothing is seen where none is set.
CREATE FUNCTION scope.sites() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('hometrial.sites', true), ''), '{}')::uuid[];

-- Tables that hang on a person through another one: what the trail's entries about them are judged by.
CREATE TABLE scope.child (
    relation text PRIMARY KEY,
    link text NOT NULL,
    parent regclass NOT NULL
);

-- Gives the staff the study's own rights on a table, and lets everybody else do there what they did.
CREATE FUNCTION scope.share(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT privilege_type AS verb, '' AS columns FROM pg_class, aclexplode(relacl)
        WHERE oid = relation AND grantee = 'hometrial_study'::regrole
        UNION ALL
        SELECT privilege_type, format('(%I)', attname) FROM pg_attribute, aclexplode(attacl)
        WHERE attrelid = relation AND grantee = 'hometrial_study'::regrole
    LOOP
        EXECUTE format('GRANT %s %s ON %s TO hometrial_staff', found.verb, found.columns, relation);
    END LOOP;
END
$$;

CREATE FUNCTION scope.hold(relation regclass, rule text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    other regrole;
BEGIN
    PERFORM scope.share(relation);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
    FOREACH other IN ARRAY ARRAY['hometrial_study', 'hometrial_participant', 'hometrial_identity',
                                 'hometrial_allocation']::regrole[] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND other = ANY (polroles));
        EXECUTE format('CREATE POLICY as_before_%s ON %s TO %s USING (true) WITH CHECK (true)',
                       replace(other::text, 'hometrial_', ''), relation, other);
    END LOOP;
    EXECUTE format('CREATE POLICY site ON %s TO hometrial_staff USING (%s) WITH CHECK (%s)',
                   relation, rule, rule);
END
$$;

-- Called once for each new table with a person in it; rows of nobody are the study's.
CREATE FUNCTION scope.by_person(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    rule text := 'participant_id IN (SELECT id FROM public.participant)';
BEGIN
    IF NOT (SELECT attnotnull FROM pg_attribute WHERE attrelid = relation AND attname = 'participant_id') THEN
        rule := 'participant_id IS NULL OR ' || rule;
    END IF;
    PERFORM scope.hold(relation, rule);
END
$$;

-- Called once for each new table that hangs on a person through another table's `key`.
CREATE FUNCTION scope.by_parent(relation regclass, link name, parent regclass, key name DEFAULT 'id')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM scope.hold(relation, format('EXISTS (SELECT FROM %s p WHERE p.%I = %I)', parent, key, link));
    IF key = 'id' THEN
        INSERT INTO scope.child
        SELECT format('%s.%s', nspname, relname), link, parent
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    END IF;
END
$$;

-- Called once for each new table that belongs to the study and to nobody in it.
CREATE FUNCTION scope.of_study(relation regclass) RETURNS void
LANGUAGE sql SET search_path = pg_catalog
RETURN scope.share(relation);

-- Whether an entry of the trail is about somebody who is seen, or about nobody.
CREATE FUNCTION scope.sees(name text, key text, state jsonb) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    person text := CASE WHEN name = 'public.participant' THEN key ELSE state ->> 'participant_id' END;
    child scope.child;
    seen boolean;
BEGIN
    IF person IS NOT NULL THEN
        RETURN EXISTS (SELECT FROM public.participant WHERE id = person::uuid);
    END IF;
    SELECT * INTO child FROM scope.child WHERE relation = name;
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE id = $1)', child.parent)
        INTO seen USING (state ->> child.link)::uuid;
    RETURN seen;
END
$$;
