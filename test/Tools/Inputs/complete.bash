# complete.bash PROGRAM WORD...: what bash offers for the last word, in a line.
source <("$1" --completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
"_$(basename "$1")"
echo "$*: ${COMPREPLY[*]}"
