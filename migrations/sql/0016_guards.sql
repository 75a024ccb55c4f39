-- Two persons for every role, whatever program writes it (trust.md TM5).

CREATE FUNCTION access.guard_grant() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    own text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a role that was asked for is never deleted: end it';
    END IF;
    SELECT 'staff:' || name INTO own FROM public.staff_account WHERE id = NEW.account_id;
    IF NEW.decided_by = own THEN
        RAISE EXCEPTION 'nobody decides about their own role';
    END IF;
    IF NEW.approved AND NEW.requested_by LIKE 'cli:%' AND NEW.decided_by LIKE 'cli:%' THEN
        RAISE EXCEPTION 'whoever holds the machine is one person: another decides on the site';
    END IF;
    IF NEW.ended_at IS NOT NULL AND NEW.approved IS NOT TRUE THEN
        RAISE EXCEPTION 'only a role that was approved ends';
    END IF;
    IF NEW.decided_by = 'system:first-admin' AND EXISTS (
        SELECT FROM public.staff_grant g JOIN public.staff_account a ON a.id = g.account_id
        WHERE g.role = 'admin' AND g.approved AND g.ended_at IS NULL AND a.disabled_at IS NULL AND g.id <> NEW.id
    ) AND (TG_OP = 'INSERT' OR OLD.decided_by IS NULL) THEN
        RAISE EXCEPTION 'the study has an admin: roles are decided by two persons';
    END IF;
    IF TG_OP = 'UPDATE' AND (
        (OLD.account_id, OLD.role, OLD.site_id, OLD.requested_by, OLD.requested_at, OLD.reason)
            IS DISTINCT FROM (NEW.account_id, NEW.role, NEW.site_id, NEW.requested_by, NEW.requested_at, NEW.reason)
        OR OLD.decided_by IS NOT NULL
            AND (OLD.decided_by, OLD.decided_at, OLD.approved) IS DISTINCT FROM (NEW.decided_by, NEW.decided_at, NEW.approved)
        OR OLD.ended_at IS NOT NULL
            AND (OLD.ended_by, OLD.ended_at, OLD.end_reason) IS DISTINCT FROM (NEW.ended_by, NEW.ended_at, NEW.end_reason)
    ) THEN
        RAISE EXCEPTION 'what was asked, decided or ended stays: ask for another role';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON public.staff_grant
    FOR EACH ROW EXECUTE FUNCTION access.guard_grant();

-- An account is one person for good: its name is never given to another, and it stays disabled.
CREATE FUNCTION access.guard_account() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'an account is never deleted: disable it';
    END IF;
    IF (OLD.id, OLD.name, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.name, NEW.created_at)
        OR OLD.disabled_at IS NOT NULL AND OLD.disabled_at IS DISTINCT FROM NEW.disabled_at THEN
        RAISE EXCEPTION 'an account keeps its name, and stays disabled: make another one';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON public.staff_account
    FOR EACH ROW EXECUTE FUNCTION access.guard_account();
