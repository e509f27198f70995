-- chains the audit trail when a transaction commits

CREATE OR REPLACE FUNCTION {schema}.chain_audit_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $$
BEGIN
    -- a transaction that sees one moment cannot see the head move; its rows are chained by the next commit
    IF current_setting('transaction_isolation') = 'read committed'
       AND EXISTS (SELECT FROM audit_event WHERE id = NEW.id AND number IS NULL) THEN
        PERFORM chain_audit();
    END IF;
    RETURN NULL;
END
$$;

ALTER FUNCTION {schema}.chain_audit_event() OWNER TO onemap_guard;
REVOKE ALL ON FUNCTION {schema}.chain_audit_event() FROM PUBLIC;

DROP TRIGGER IF EXISTS chain_audit ON {schema}.audit_event;
CREATE CONSTRAINT TRIGGER chain_audit AFTER INSERT ON {schema}.audit_event
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {schema}.chain_audit_event();
