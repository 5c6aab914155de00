(* Tonelli for one token: if E_P[h 1_A(Y)] = c mu(A) for every measurable A,
   with h >= 0 and c >= 0, then E_P[h g(Y)] = c E_mu g for every measurable
   g >= 0 (weighted_pushforward).  With h a function of the other tokens this
   integrates one token out; with h = a density it changes the measure. *)
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section OneToken.
Local Open Scope ereal_scope.
Context d d' (Om : measurableType d) (T : measurableType d') (R : realType).
Variables (P : {measure set Om -> \bar R}) (mu : {measure set T -> \bar R}).
Variables (h : Om -> R) (Y : Om -> T) (c : R).
Hypothesis mh : measurable_fun setT h.
Hypothesis h0 : forall o, (0 <= h o)%R.
Hypothesis mY : measurable_fun setT Y.
Hypothesis c0 : (0 <= c)%R.
Hypothesis H : forall A, measurable A ->
  \int[P]_o (h o * \1_A (Y o))%:E = c%:E * mu A.

Let mgY (g : T -> R) : measurable_fun setT g -> measurable_fun setT (fun o => (h o * g (Y o))%:E).
Proof.
move=> mg; apply/EFin_measurable_fun.
apply: measurable_funM => //.
exact: (measurable_fun_comp mg mY).
Qed.

Lemma weighted_pushforward_simple (s : {nnsfun T >-> R}) :
  \int[P]_o (h o * s (Y o))%:E = c%:E * \int[mu]_x (s x)%:E.
Proof.
have E1 o : (h o * s (Y o))%:E =
   \sum_(k \in range s) (k * (h o * \1_(s @^-1` [set k]) (Y o)))%:E.
  rewrite EFinM fimfunE -fsumEFin// ge0_mule_fsumr; last first.
    by move=> r; rewrite EFinM nnfun_muleindic_ge0.
  by apply: eq_fsbigr => r _; rewrite -EFinM mulrCA.
under eq_integral do rewrite E1.
have k0 (k : R) x : (0 <= k * \1_(s @^-1` [set k]) x)%R.
  by rewrite -lee_fin EFinM nnfun_muleindic_ge0.
rewrite ge0_integral_fsum //; last 2 first.
  - move=> k; apply/EFin_measurable_fun/measurable_funrM/EFin_measurable_fun.
    by apply: mgY; exact: measurable_fun_indic.
  - by move=> k o _; rewrite lee_fin mulrCA mulr_ge0.
rewrite integralT_nnsfun sintegralE ge0_mule_fsumr; last first.
  by move=> k; exact: nnsfun_mulemu_ge0.
apply: eq_fsbigr => k; rewrite inE => -[x _ <-{k}].
under eq_integral do rewrite EFinM.
rewrite ge0_integralM//.
- by rewrite H// muleCA.
- by apply: mgY; exact: measurable_fun_indic.
- by move=> o _; rewrite lee_fin mulr_ge0.
- by rewrite lee_fin.
Qed.

Theorem weighted_pushforward (g : T -> R) : measurable_fun setT g -> (forall x, (0 <= g x)%R) ->
  \int[P]_o (h o * g (Y o))%:E = c%:E * \int[mu]_x (g x)%:E.
Proof.
move=> mg g0.
have mg' : measurable_fun setT (EFin \o g) by apply/EFin_measurable_fun.
have [s [nds sg]] := approximation measurableT mg' (fun t _ => g0 t : (0 <= (EFin \o g) t)%E).
have sg' x : (EFin \o s^~x) --> (g x)%:E by exact: sg.
transitivity (lim (fun n => \int[P]_o (h o * s n (Y o))%:E)).
  rewrite -monotone_convergence//.
  - apply: eq_integral => o _; apply/esym/cvg_lim => //.
    under eq_fun do rewrite EFinM. rewrite EFinM.
    by apply: cvgeMl => //; exact: sg'.
  - by move=> n; apply: mgY; exact: measurable_funP.
  - by move=> n o _; rewrite lee_fin mulr_ge0.
  - by move=> o _ m n mn; rewrite lee_fin ler_wpmul2l//; exact/lefP/nds.
transitivity (lim (fun n => \int[mu]_x (c%:E * (s n x)%:E))).
  congr (lim _); apply/funext => n; rewrite weighted_pushforward_simple ge0_integralM//.
  - exact/EFin_measurable_fun/measurable_funP.
  - by move=> x _; rewrite lee_fin.
rewrite -monotone_convergence//.
- rewrite -ge0_integralM//; last by move=> x _; rewrite lee_fin.
  apply: eq_integral => x _; apply/cvg_lim => //.
  by apply: cvgeMl => //; exact: sg'.
- by move=> n; apply: measurable_funeM; exact/EFin_measurable_fun/measurable_funP.
- by move=> n x _; rewrite mule_ge0// lee_fin.
- by move=> x _ m n mn; apply: lee_wpmul2l; rewrite lee_fin//; exact/lefP/nds.
Qed.
End OneToken.
