-- name: size
-- The size of the database file.
select page_count * page_size from pragma_page_count() cross join pragma_page_size();
