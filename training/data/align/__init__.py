"""Steps that find what a picture is of: faces, levelled and cut out; subjects, on a new ground."""
