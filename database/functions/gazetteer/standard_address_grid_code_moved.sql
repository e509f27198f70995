-- aliases, reviews and plates of an address carry its grid code

CREATE OR REPLACE FUNCTION {schema}.standard_address_grid_code_moved() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {schema}, pg_temp
AS $$
BEGIN
    UPDATE address_alias SET grid_code = NEW.grid_code WHERE address_id = NEW.id AND grid_code <> NEW.grid_code;
    UPDATE address_review SET grid_code = NEW.grid_code WHERE address_id = NEW.id AND grid_code <> NEW.grid_code;
    UPDATE plate_token SET grid_code = NEW.grid_code WHERE address_id = NEW.id AND grid_code <> NEW.grid_code;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER grid_code_moved AFTER UPDATE OF grid_code ON {schema}.standard_address
    FOR EACH ROW WHEN (OLD.grid_code IS DISTINCT FROM NEW.grid_code)
    EXECUTE FUNCTION {schema}.standard_address_grid_code_moved();
