(* The Rademacher law: P(X = 1) = P(X = -1) = 1/2, as a measure on the reals.
   Integrals against it, its moments, and that it is centred and 1-sub-Gaussian. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From HB Require Import structures.
From AttentionBounds Require Import real_bridges probability_measure sub_gaussian.
From AttentionBounds Require cosh_bound.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Lemma half_ge0 : (0 : RR) <= 2%:R^-1. Proof. by rewrite invr_ge0 ler0n. Qed.
Definition half : {nonneg RR} := NngNum half_ge0.

Definition point_mass (a : RR) : {measure set RR -> \bar RR} := [the measure _ _ of \d_a].
Definition atom (a : RR) : {measure set RR -> \bar RR} :=
  [the measure _ _ of mscale half (point_mass a)].
Definition rademacher : {measure set RR -> \bar RR} :=
  [the measure _ _ of measure_add (atom 1) (atom (-1))].

Lemma half_plus_half (c : RR) : 2%:R^-1 * c + 2%:R^-1 * c = c.
Proof. by rewrite -mulrDl -mulr2n -mulr_natr mulVf ?mul1r// pnatr_eq0. Qed.

Lemma ge0_integral_rademacher (g : RR -> \bar RR) : measurable_fun setT g -> (forall x, 0 <= g x)%E ->
  (\int[rademacher]_x g x = (2%:R^-1)%:E * g 1%R + (2%:R^-1)%:E * g (-1)%R)%E.
Proof.
move=> mg g0; rewrite [LHS]integral_measure_add//; congr (_ + _)%E.
  by rewrite [LHS]ge0_integral_mscale//= integral_dirac// indicT mul1e.
by rewrite [LHS]ge0_integral_mscale//= integral_dirac// indicT mul1e.
Qed.

Lemma ge0_mean_rademacher (g : RR -> RR) : measurable_fun setT g -> (forall x, 0 <= g x) ->
  (\int[rademacher]_x (g x)%:E = (2%:R^-1 * g 1 + 2%:R^-1 * g (-1))%:E)%E.
Proof.
by move=> mg g0; rewrite ge0_integral_rademacher//; exact/EFin_measurable_fun.
Qed.

Lemma rademacher_probability : rademacher setT = 1%E.
Proof.
rewrite -[LHS]mul1e -(integral_cst rademacher measurableT) ge0_integral_rademacher//.
- by rewrite !mule1 -EFinD -[X in (X + X)%:E]mulr1 half_plus_half.
- exact: measurable_fun_cst.
- by move=> x; rewrite lee_fin ler01.
Qed.

(* E g(X) = (g(1) + g(-1))/2 for every measurable g, of any sign. *)
Lemma mean_rademacher (g : RR -> RR) : measurable_fun setT g ->
  (\int[rademacher]_x (g x)%:E = (2%:R^-1 * g 1 + 2%:R^-1 * g (-1))%:E)%E.
Proof.
move=> mg.
pose p x := Num.max (g x) 0; pose n x := Num.max (- g x) 0.
have mp : measurable_fun setT p by apply: measurable_fun_max => //; exact: measurable_fun_cst.
have mn : measurable_fun setT n.
  by apply: measurable_fun_max; [exact: measurable_funN|exact: measurable_fun_cst].
have p0 x : 0 <= p x by rewrite le_maxr lexx orbT.
have n0 x : 0 <= n x by rewrite le_maxr lexx orbT.
have gE x : g x = p x - n x.
  rewrite /p /n; have [h|h] := leP (g x) 0.
    by rewrite max_l ?oppr_ge0// sub0r opprK.
  by rewrite max_r ?subr0// oppr_le0 ltW.
rewrite integralE.
rewrite (_ : funepos (EFin \o g) = EFin \o p); last first.
  by apply/funext => x; rewrite /funepos /= /p maxEFin.
rewrite (_ : funeneg (EFin \o g) = EFin \o n); last first.
  by apply/funext => x; rewrite /funeneg /= /n maxEFin.
rewrite !ge0_mean_rademacher// -EFinB; congr EFin.
by rewrite !gE !mulrBr opprD addrACA.
Qed.

Lemma Rmean_rademacher (g : RR -> RR) : measurable_fun setT g ->
  \int[rademacher]_x g x = 2%:R^-1 * g 1 + 2%:R^-1 * g (-1).
Proof. by move=> mg; rewrite /Rintegral mean_rademacher. Qed.

Lemma Pint_rademacher (g : RR -> RR) : measurable_fun setT g -> Pint rademacher g.
Proof.
move=> mg; split; first exact/EFin_measurable_fun.
have mn : measurable_fun setT (fun x => `|g x|).
  by apply: (@measurable_fun_comp _ _ _ _ _ _ (@normr _ RR) setT g) => //; exact: measurable_fun_normr.
by rewrite (eq_integral (fun x => (`|g x|)%:E)) ?(mean_rademacher mn) ?ltey.
Qed.

Theorem rademacher_centred : centred rademacher.
Proof.
split; first exact: (Pint_rademacher (@measurable_fun_id _ _ _)).
rewrite Rmean_rademacher; last exact: measurable_fun_id.
by rewrite mulr1 mulrN1 subrr.
Qed.

Theorem rademacher_sub_gaussian : sub_gaussian 1 rademacher.
Proof.
move=> t; rewrite ge0_mean_rademacher; last 2 first.
- apply: (measurable_fun_comp measurable_fun_exp).
  exact: (measurable_funrM t (@measurable_fun_id _ _ _)).
- by move=> x; exact/ltW/rexp_gt0.
rewrite lee_fin mulr1 mulrN1 expr1n mul1r -mulrDr mulrC.
have := cosh_bound.cosh_le_exp t; rewrite !RdivE' RpowE RplusE RoppE IZR2E.
by move/RleP.
Qed.

Theorem rademacher_variance : \int[rademacher]_x (x ^+ 2) = 1.
Proof.
rewrite Rmean_rademacher; last exact: measurable_expr.
by rewrite sqrrN expr1n half_plus_half.
Qed.
