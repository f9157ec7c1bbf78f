# What the SDK checks share, on top of ../../lib.sh.

# configurations: the names of the folders of artifacts.
configurations() {
    local folder
    for folder in "$artifacts"/*/; do
        basename "$folder"
    done
}

# one_configuration: any of them, to be broken.
one_configuration() {
    local folders=("$artifacts"/*/)
    basename "${folders[0]}"
}

# take NAME FILE FOLDER: copies what an adapter emitted for a configuration, unchanged.
take() {
    local from=$artifacts/$1/sdk/$2
    [ -e "$from" ] || fail "$1 has no sdk/$2"
    mkdir -p "$3"
    cp -r "$from" "$3/"
}

# package NAME: a configuration's name as an identifier.
package() {
    echo "c_${1//[^A-Za-z0-9]/_}"
}

# hostile ADAPTER TEMPLATE: the file of hostile literals in an adapter's language.
hostile() {
    mkdir -p "$scratch/hostile"
    python3 "$here/../hostile.py" "$1" "$here/$2" "$scratch/hostile"
}

# read_back: what the program printed on standard input is what was written; says how many values.
read_back() {
    python3 "$here/../hostile.py" --compare
}

# run_quiet COMMAND...: its output is only shown where it fails.
run_quiet() {
    local said
    said=$("$@" 2>&1) || {
        echo "$said" | head -60
        return 1
    }
}
