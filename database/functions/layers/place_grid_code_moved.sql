-- the codes of a place carry its grid code

CREATE OR REPLACE FUNCTION {schema}.place_grid_code_moved() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {schema}, pg_temp
AS $$
BEGIN
    UPDATE place_code SET grid_code = NEW.grid_code WHERE place_id = NEW.id AND grid_code <> NEW.grid_code;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER grid_code_moved AFTER UPDATE OF grid_code ON {schema}.place
    FOR EACH ROW WHEN (OLD.grid_code IS DISTINCT FROM NEW.grid_code)
    EXECUTE FUNCTION {schema}.place_grid_code_moved();
