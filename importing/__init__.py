"""Import (数据导入): read → stage → standardise → match address → assign grid → diff → publish → changes."""
