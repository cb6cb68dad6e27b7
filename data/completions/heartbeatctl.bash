# Completion of heartbeatctl in bash. SPDX-License-Identifier: MIT
#
# What there is to complete comes from the program itself (`heartbeatctl complete`), so this needs no change with it.
# Nothing of the bash-completion package but its folder is needed.

# Offers each line up to its tab that begins with the plain text $1, quoted unless a quote is open, and without the part
# $2 of it that readline leaves as it is.
_heartbeatctl_offer()
{
  local plain=$1 kept=$2 open=$3 line word
  while IFS= read -r line; do
    word=${line%%$'\t'*}
    [[ -n $word && $word == "$plain"* ]] || continue
    [[ -n $open ]] || printf -v word %q "$word"
    COMPREPLY+=("${word#"$kept"}")
  done
}

_heartbeatctl()
{
  local program=$1 cur=${COMP_WORDS[COMP_CWORD]} raw='' before='' open='' plain
  local command='' agent='' pending='' arguments=0 word options
  COMPREPLY=()
  options=$'\n'$(command "$program" complete options 2>/dev/null)

  # Which words came before; readline makes words of their own of “=” and “:”
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $word == = ]]; then
      continue
    elif [[ -n $pending ]]; then
      [[ $pending != --agent ]] || agent=$word
      pending=
    elif [[ $word == --agent=* ]]; then
      agent=${word#*=}
    elif [[ $options == *$'\n'"$word="$'\t'* ]]; then
      pending=$word
    elif [[ $word == -* ]]; then
      continue
    elif [[ -z $command ]]; then
      command=$word
    else
      arguments=1
    fi
  done

  # The word as it was typed, and what of it readline replaces
  [[ ${COMP_LINE:0:COMP_POINT} =~ ((\\.|[^[:blank:]\\])*)$ ]] && raw=${BASH_REMATCH[0]}
  [[ $cur != [=:] ]] || cur=
  if [[ $cur == --*=* ]]; then
    pending=${cur%%=*}
    before=$pending=
  fi
  [[ $raw != --*=* ]] || raw=${raw#*=}
  plain=$raw
  if [[ $cur == [\"\']* ]]; then
    open=${cur:0:1}
    plain=${cur:1}
  else
    plain=${plain//\\/}
  fi
  local kept=${raw%"${cur#"$before"}"}
  [[ -z $open ]] || kept=
  # A word with a colon is several to readline, and was counted as arguments
  [[ -z $kept ]] || arguments=0

  case $pending in
    --agent) _heartbeatctl_offer "$plain" "$kept" "$open" < <(command "$program" complete agents 2>/dev/null) ;;
    --queue-type) _heartbeatctl_offer "$plain" "$kept" "$open" <<<$'classic\nquorum' ;;
    --config)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "${cur#"$before"}") ;;
    ?*) ;;
    *)
      if [[ $cur == -* ]]; then
        _heartbeatctl_offer "$cur" '' open < <(command "$program" complete options "$command" 2>/dev/null)
        [[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace 2>/dev/null
      elif [[ -z $command ]]; then
        _heartbeatctl_offer "$cur" '' '' < <(command "$program" complete commands 2>/dev/null)
      else
        case $(command "$program" complete argument "$command" 2>/dev/null) in
          checks)
            ((arguments)) || _heartbeatctl_offer "$plain" "$kept" "$open" \
              < <(command "$program" ${agent:+--agent="$agent"} complete checks 2>/dev/null) ;;
          files)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        esac
      fi ;;
  esac
  [[ -z $before ]] || COMPREPLY=("${COMPREPLY[@]/#/$before}")
}

complete -F _heartbeatctl heartbeatctl
