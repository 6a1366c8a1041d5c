# Sourced by others. Finds the mirror of this machine's apt, in whichever format its sources are written.

# mirror [SUFFIX]: prints the URL of the archive whose suite ends in SUFFIX ("-security"), or of the main one.
mirror() {
  apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Identifier: Packages' |
    awk -v suffix="${1-}" '
      $3 == "main" && (suffix ? $2 ~ suffix "$" : $2 !~ /-|\//) && !found { print $1; found = 1 }'
}
