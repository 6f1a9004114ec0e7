"""Where pictures come from: folders, zips, arrays, films, datasets."""
