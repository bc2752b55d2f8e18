-- The tables of the Chinook database, with the names of the CSV files and of their columns.

CREATE TABLE artist (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE album (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    artist INTEGER NOT NULL REFERENCES artist
);

CREATE TABLE genre (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE media_type (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE track (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    album INTEGER NOT NULL REFERENCES album,
    media_type INTEGER NOT NULL REFERENCES media_type,
    genre INTEGER REFERENCES genre,
    composer TEXT,
    milliseconds INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    unit_price NUMERIC NOT NULL
);

CREATE TABLE playlist (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE playlist_track (
    playlist INTEGER NOT NULL REFERENCES playlist,
    track INTEGER NOT NULL REFERENCES track,
    PRIMARY KEY (playlist, track)
) WITHOUT ROWID;

CREATE TABLE employee (
    id INTEGER PRIMARY KEY,
    last_name TEXT NOT NULL,
    first_name TEXT NOT NULL,
    title TEXT NOT NULL,
    reports_to INTEGER REFERENCES employee,
    birth_date TEXT NOT NULL,
    hire_date TEXT NOT NULL,
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    state TEXT,
    country TEXT NOT NULL,
    postal_code TEXT,
    phone TEXT NOT NULL,
    fax TEXT,
    email TEXT NOT NULL UNIQUE
);

CREATE TABLE customer (
    id INTEGER PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    company TEXT,
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    state TEXT,
    country TEXT NOT NULL,
    postal_code TEXT,
    phone TEXT,
    fax TEXT,
    email TEXT NOT NULL UNIQUE,
    support_rep INTEGER REFERENCES employee
);

CREATE TABLE invoice (
    id INTEGER PRIMARY KEY,
    customer INTEGER NOT NULL REFERENCES customer,
    date TEXT NOT NULL,
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    state TEXT,
    country TEXT NOT NULL,
    postal_code TEXT,
    total NUMERIC NOT NULL
);

CREATE TABLE invoice_line (
    id INTEGER PRIMARY KEY,
    invoice INTEGER NOT NULL REFERENCES invoice ON DELETE CASCADE,
    track INTEGER NOT NULL REFERENCES track,
    unit_price NUMERIC NOT NULL,
    quantity INTEGER NOT NULL
);

CREATE INDEX artist_name ON artist (name);
CREATE INDEX album_artist ON album (artist);
CREATE INDEX track_name ON track (name);
CREATE INDEX track_milliseconds ON track (milliseconds);
CREATE INDEX track_album ON track (album);
CREATE INDEX track_media_type ON track (media_type);
CREATE INDEX track_genre ON track (genre);
CREATE INDEX playlist_name ON playlist (name);
CREATE INDEX playlist_track_track ON playlist_track (track);
CREATE INDEX employee_reports_to ON employee (reports_to);
CREATE INDEX customer_support_rep ON customer (support_rep);
CREATE INDEX invoice_customer ON invoice (customer);
CREATE INDEX invoice_date ON invoice (date);
CREATE INDEX invoice_line_invoice ON invoice_line (invoice);
CREATE INDEX invoice_line_track ON invoice_line (track);
