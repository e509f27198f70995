-- the corrections of a review carry its grid code

CREATE OR REPLACE FUNCTION {schema}.address_review_grid_code_moved() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {schema}, pg_temp
AS $$
BEGIN
    UPDATE correction SET grid_code = NEW.grid_code WHERE review_id = NEW.id AND grid_code <> NEW.grid_code;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER grid_code_moved AFTER UPDATE OF grid_code ON {schema}.address_review
    FOR EACH ROW WHEN (OLD.grid_code IS DISTINCT FROM NEW.grid_code)
    EXECUTE FUNCTION {schema}.address_review_grid_code_moved();
