//! Artists, albums, tracks and playlists.

use musher::prelude::*;

use super::super::domain::{Album, Artist, Playlist, Track};

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
        .find::<Album>()
        .filter(|a| a.tracks().any(|t| t.composer().contains(composer)))
        .order_by(|a| a.title().asc())
        .populate(|a| a.tracks())
        .all()?;
    Ok(albums
        .into_iter()
        .map(|album| {
            let album = em.view(album);
            let tracks = album
                .tracks()
                .iter()
                .filter(|track| {
                    track
                        .composer
                        .as_ref()
                        .is_some_and(|c| c.contains(composer))
                })
                .count();
            (album.title.clone(), tracks)
        })
        .collect())
}

/// The albums that play longest, with their artist and their length in milliseconds.
pub fn longest_albums(
    em: &mut EntityManager,
    most: usize,
) -> musher::Result<Vec<(String, String, u64)>> {
    let albums = em
        .find::<Album>()
        .populate(|a| (a.artist(), a.tracks()))
        .all()?;
    let mut lengths: Vec<_> = albums
        .into_iter()
        .map(|album| {
            let album = em.view(album);
            let milliseconds: u64 = album
                .tracks()
                .iter()
                .map(|t| u64::from(t.milliseconds))
                .sum();
            (
                album.title.clone(),
                album.artist().name.clone(),
                milliseconds,
            )
        })
        .collect();
    lengths.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    lengths.truncate(most);
    Ok(lengths)
}

/// The albums with more than so many tracks.
pub fn large_albums(em: &mut EntityManager, tracks: usize) -> musher::Result<Vec<(String, usize)>> {
    let albums = em
        .find::<Album>()
        .filter(|a| a.tracks().count().gt(tracks))
        .order_by(|a| a.title().asc())
        .populate(|a| a.tracks())
        .all()?;
    Ok(albums
        .into_iter()
        .map(|album| (em[album].title.clone(), em[album].tracks.len()))
        .collect())
}
