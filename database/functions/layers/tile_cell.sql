-- Morton number of a tile: bits of column and row interleaved

CREATE OR REPLACE FUNCTION {schema}.tile_cell(tile_col integer, tile_row integer) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT
AS $$
DECLARE c bigint = tile_col; r bigint = tile_row; BEGIN c := (c | (c << 16)) & 281470681808895;c := (c | (c << 8)) & 71777214294589695;c := (c | (c << 4)) & 1085102592571150095;c := (c | (c << 2)) & 3689348814741910323;c := (c | (c << 1)) & 6148914691236517205;r := (r | (r << 16)) & 281470681808895;r := (r | (r << 8)) & 71777214294589695;r := (r | (r << 4)) & 1085102592571150095;r := (r | (r << 2)) & 3689348814741910323;r := (r | (r << 1)) & 6148914691236517205; RETURN c | (r << 1); END
$$;
