//! Artists, albums, tracks and playlists.

use musher::prelude::*;

use super::super::domain::{Artist, Playlist, Track};
use super::ranking::first;

/// The longest tracks of the playlists with a name, and their length in milliseconds.
pub fn longest_tracks(
    em: &mut EntityManager,
    playlist: &str,
    most: usize,
) -> musher::Result<Vec<(String, u32)>> {
    em.find::<Track>()
        .filter(|t| t.playlists().any(|p| p.name().eq(playlist)))
        .order_by(|t| (t.milliseconds().desc(), t.name().asc()))
        .limit(most)
        .fields(|t| (t.name(), t.milliseconds()))
        .all()
}

/// The playlists with a track by an artist.
pub fn playlists_with(em: &mut EntityManager, artist: &str) -> musher::Result<Vec<(u64, String)>> {
    em.find::<Playlist>()
        .filter(|p| p.tracks().any(|t| t.album().artist().name().eq(artist)))
        .fields(|p| (p.id(), p.name()))
        .all()
}

/// The artists of whom the shop has no album.
pub fn artists_without_albums(em: &mut EntityManager) -> musher::Result<Vec<(String,)>> {
    em.find::<Artist>()
        .filter(|a| a.albums().is_empty())
        .order_by(|a| a.name().asc())
        .fields(|a| (a.name(),))
        .all()
}

/// The tracks of a genre that last longer than so many milliseconds, with their artist.
pub fn long_tracks(
    em: &mut EntityManager,
    genre: &str,
    milliseconds: u32,
) -> musher::Result<Vec<(String, String, u32)>> {
    em.find::<Track>()
        .filter(|t| {
            t.genre()
                .name()
                .eq(genre)
                .and(t.milliseconds().gt(milliseconds))
        })
        .order_by(|t| (t.milliseconds().desc(), t.name().asc()))
        .fields(|t| (t.name(), t.album().artist().name(), t.milliseconds()))
        .all()
}

/// The albums with tracks that somebody has composed, alone or with others, and how many.
pub fn albums_composed_by(
    em: &mut EntityManager,
    composer: &str,
) -> musher::Result<Vec<(String, usize)>> {
    let albums = em
        .find::<Track>()
        .filter(|t| t.composer().contains(composer))
        .group_by(|t| (t.album().title(), t.album().id()))
        .aggregate(|t| t.id().count())?;
    Ok(albums
        .into_iter()
        .map(|((title, _), tracks)| (title, tracks))
        .collect())
}

/// The albums that play longest, with their artist and their length in milliseconds.
pub fn longest_albums(
    em: &mut EntityManager,
    most: usize,
) -> musher::Result<Vec<(String, String, u64)>> {
    let albums = em
        .find::<Track>()
        .group_by(|t| (t.album().title(), t.album().artist().name(), t.album().id()))
        .aggregate(|t| t.milliseconds().sum())?;
    Ok(first(most, albums)
        .into_iter()
        .map(|((title, artist, _), milliseconds)| (title, artist, milliseconds))
        .collect())
}

/// The albums with more than so many tracks.
pub fn large_albums(em: &mut EntityManager, tracks: usize) -> musher::Result<Vec<(String, usize)>> {
    let albums = em
        .find::<Track>()
        .group_by(|t| (t.album().title(), t.album().id()))
        .aggregate(|t| t.id().count())?;
    Ok(albums
        .into_iter()
        .filter(|(_, count)| *count > tracks)
        .map(|((title, _), count)| (title, count))
        .collect())
}
