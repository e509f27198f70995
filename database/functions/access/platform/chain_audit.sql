-- chains the rows of the audit trail that are not yet; how many

CREATE OR REPLACE FUNCTION platform.chain_audit() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = platform, pg_temp
AS $$
-- what is hashed stands in access/audit/chain.py as well, which verifies it anywhere without a database
DECLARE
    head audit_head%ROWTYPE;
    e audit_event%ROWTYPE;
    done bigint := 0;
    its_hash text;
BEGIN
    SELECT * INTO head FROM audit_head WHERE id = 1 FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO audit_head (id, number, hash, at)
        SELECT 1, coalesce(max(l.number), 0), coalesce(max(l.hash), repeat('0', 64)), clock_timestamp()
        FROM (SELECT number, hash FROM audit_event WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1) l
        ON CONFLICT (id) DO NOTHING;
        SELECT * INTO head FROM audit_head WHERE id = 1 FOR UPDATE;
    END IF;
    FOR e IN SELECT * FROM audit_event WHERE number IS NULL ORDER BY id LOOP
        its_hash := platform.audit_hash(
            'onemap-audit-1', 'platform', CAST(head.number + 1 AS text), head.hash,
            CAST(e.id AS text), platform.audit_time(e.at), CAST(e.actor AS text), CAST(e.action AS text),
            CAST(e.target AS text), CAST(e.purpose AS text), CAST(e.allowed AS text), CAST(e.county AS text),
            CAST(e.address AS text)
        );
        UPDATE audit_event SET number = head.number + 1, previous = head.hash, hash = its_hash WHERE id = e.id;
        head.number := head.number + 1;
        head.hash := its_hash;
        done := done + 1;
    END LOOP;
    IF done > 0 THEN
        UPDATE audit_head SET number = head.number, hash = head.hash, at = clock_timestamp() WHERE id = 1;
    END IF;
    RETURN done;
END
$$;

ALTER FUNCTION platform.chain_audit() OWNER TO onemap_guard;
REVOKE ALL ON FUNCTION platform.chain_audit() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.chain_audit() TO onemap_app;
