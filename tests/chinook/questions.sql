/* The twenty questions of `examples/chinook/questions`, by the same names. Sums of money are made of
   floats here, and exact when they are rounded to the cent. */

-- longest_tracks
SELECT t.name, t.milliseconds
FROM track t
WHERE t.id IN (SELECT pt.track FROM playlist_track pt JOIN playlist p ON p.id = pt.playlist
               WHERE p.name = '90’s Music')
ORDER BY t.milliseconds DESC, t.name
LIMIT 5;

-- playlists_with
SELECT DISTINCT p.id, p.name
FROM playlist p
JOIN playlist_track pt ON pt.playlist = p.id
JOIN track t ON t.id = pt.track
JOIN album a ON a.id = t.album
JOIN artist ar ON ar.id = a.artist
WHERE ar.name = 'Pearl Jam'
ORDER BY p.id;

-- artists_without_albums
SELECT name
FROM artist
WHERE NOT EXISTS (SELECT 1 FROM album WHERE album.artist = artist.id)
ORDER BY name;

-- long_tracks
SELECT t.name, ar.name, t.milliseconds
FROM track t
JOIN album a ON a.id = t.album
JOIN artist ar ON ar.id = a.artist
JOIN genre g ON g.id = t.genre
WHERE g.name = 'Metal' AND t.milliseconds > 600000
ORDER BY t.milliseconds DESC, t.name;

-- albums_composed_by
SELECT a.title, count(*)
FROM album a
JOIN track t ON t.album = a.id
WHERE instr(t.composer, 'Steve Harris') > 0
GROUP BY a.id
ORDER BY a.title;

-- longest_albums
SELECT a.title, ar.name, sum(t.milliseconds) AS length
FROM album a
JOIN artist ar ON ar.id = a.artist
JOIN track t ON t.album = a.id
GROUP BY a.id
ORDER BY length DESC, a.title
LIMIT 10;

-- large_albums
SELECT a.title, count(*) AS tracks
FROM album a
JOIN track t ON t.album = a.id
GROUP BY a.id
HAVING tracks > 25
ORDER BY a.title;

-- revenue_by_country
SELECT country, printf('%.2f', sum(total))
FROM invoice
GROUP BY country
ORDER BY round(sum(total), 2) DESC, country;

-- best_selling_genres
SELECT g.name, sum(l.quantity) AS sold
FROM invoice_line l
JOIN track t ON t.id = l.track
JOIN genre g ON g.id = t.genre
GROUP BY g.id
ORDER BY sold DESC, g.name
LIMIT 5;

-- best_selling_artists
SELECT ar.name, printf('%.2f', sum(l.unit_price * l.quantity))
FROM invoice_line l
JOIN track t ON t.id = l.track
JOIN album a ON a.id = t.album
JOIN artist ar ON ar.id = a.artist
GROUP BY ar.id
ORDER BY round(sum(l.unit_price * l.quantity), 2) DESC, ar.name
LIMIT 10;

-- albums_without_sales
SELECT ar.name, count(*) AS albums
FROM album a
JOIN artist ar ON ar.id = a.artist
WHERE NOT EXISTS (SELECT 1 FROM track t JOIN invoice_line l ON l.track = t.id WHERE t.album = a.id)
GROUP BY ar.id
ORDER BY albums DESC, ar.name;

-- unsold_tracks
SELECT g.name, count(*) AS tracks
FROM track t
JOIN genre g ON g.id = t.genre
WHERE NOT EXISTS (SELECT 1 FROM invoice_line l WHERE l.track = t.id)
GROUP BY g.id
ORDER BY tracks DESC, g.name;

-- page_of_invoices
SELECT i.id, i.date, c.first_name || ' ' || c.last_name, printf('%.2f', i.total)
FROM invoice i
JOIN customer c ON c.id = i.customer
ORDER BY i.date DESC, i.id DESC
LIMIT 20 OFFSET 40;

-- wrong_totals
SELECT i.id, printf('%.2f', i.total) AS total, printf('%.2f', sum(l.unit_price * l.quantity)) AS lines
FROM invoice i
LEFT JOIN invoice_line l ON l.invoice = i.id
GROUP BY i.id
HAVING total <> lines
ORDER BY i.id;

-- organisation
WITH RECURSIVE tree (level, id, name, title, place) AS (
    SELECT 0, id, first_name || ' ' || last_name, title, printf('%04d', id)
    FROM employee
    WHERE reports_to IS NULL
    UNION ALL
    SELECT level + 1, e.id, first_name || ' ' || last_name, e.title, place || printf('/%04d', e.id)
    FROM employee e
    JOIN tree ON e.reports_to = tree.id
)
SELECT level, name, title
FROM tree
ORDER BY place;

-- customers_of_team
WITH RECURSIVE team (id) AS (
    SELECT id FROM employee WHERE email = 'nancy@chinookcorp.com'
    UNION
    SELECT e.id FROM employee e JOIN team ON e.reports_to = team.id
)
SELECT c.first_name || ' ' || c.last_name, e.first_name || ' ' || e.last_name
FROM customer c
JOIN employee e ON e.id = c.support_rep
WHERE e.id IN team
ORDER BY c.last_name, c.first_name;

-- sales_by_employee
SELECT e.first_name || ' ' || e.last_name, count(DISTINCT c.id), printf('%.2f', sum(i.total))
FROM employee e
JOIN customer c ON c.support_rep = e.id
JOIN invoice i ON i.customer = c.id
GROUP BY e.id
ORDER BY e.last_name, e.first_name;

-- top_customers
SELECT c.first_name || ' ' || c.last_name AS name, c.country, printf('%.2f', sum(i.total))
FROM customer c
JOIN invoice i ON i.customer = c.id
GROUP BY c.id
ORDER BY round(sum(i.total), 2) DESC, name
LIMIT 10;

-- customers_who_never_bought
SELECT c.first_name || ' ' || c.last_name
FROM customer c
WHERE NOT EXISTS (
    SELECT 1
    FROM invoice i
    JOIN invoice_line l ON l.invoice = i.id
    JOIN track t ON t.id = l.track
    JOIN genre g ON g.id = t.genre
    WHERE i.customer = c.id AND g.name = 'Jazz'
)
ORDER BY c.last_name, c.first_name;

-- taste_of
SELECT g.name, sum(l.quantity) AS tracks
FROM customer c
JOIN invoice i ON i.customer = c.id
JOIN invoice_line l ON l.invoice = i.id
JOIN track t ON t.id = l.track
JOIN genre g ON g.id = t.genre
WHERE c.email = 'hholy@gmail.com'
GROUP BY g.id
ORDER BY tracks DESC, g.name;
