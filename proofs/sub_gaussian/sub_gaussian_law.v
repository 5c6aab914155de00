(* Centred and sub-Gaussian laws on the real line.

     sub_gaussian sigma mu   E e^{tX} <= e^{sigma^2 t^2/2} for every t (variance proxy)
     centred mu              E|X| finite, E X = 0

   Every absolute moment of a sub-Gaussian law is finite
   (sub_gaussian_absolute_moment): |x|^q <= q^q (e^x + e^{-x}).

     rademacher      the Rademacher law, P(X = 1) = P(X = -1) = 1/2: the sum of
     atom a          half times point_mass a, at a = 1 and -1
     point_mass a    the Dirac measure at a
     half            1/2 as a non-negative number

   Both the Rademacher law and N(0,1) are centred, of variance one and 1-sub-Gaussian
   (rademacher_centred, rademacher_variance, rademacher_sub_gaussian,
   standard_normal_centred, standard_normal_variance, standard_normal_sub_gaussian). *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From HB Require Import structures.
From AttentionBounds.foundation Require Import integration probability_measure.
From AttentionBounds.gaussian Require Import standard_normal.
From AttentionBounds.sub_gaussian Require scalar_bounds.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Definition sub_gaussian (sigma : RR) (mu : {measure set RR -> \bar RR}) : Prop :=
  forall t : RR, (\int[mu]_x (rexp (t * x))%:E <= (rexp (sigma ^+ 2 * t ^+ 2 / 2%:R))%:E)%E.

Definition centred (mu : {measure set RR -> \bar RR}) : Prop :=
  mu.-integrable setT (fun x => x%:E) /\ \int[mu]_x x = 0.

Lemma measurable_expr (q : nat) : measurable_fun setT (fun x : RR => x ^+ q).
Proof.
elim: q => [|q IH]; first by rewrite (_ : (fun _ => _) = cst 1) //; exact: measurable_fun_cst.
rewrite (_ : (fun x : RR => x ^+ q.+1) = id \* (fun x => x ^+ q)).
  by apply: measurable_funM => //; exact: measurable_fun_id.
by apply/funext => x; rewrite exprS.
Qed.

Lemma measurable_normr_expr (q : nat) : measurable_fun setT (fun x : RR => `|x| ^+ q).
Proof.
apply: (@measurable_fun_comp _ _ _ _ _ _ (fun x : RR => x ^+ q) setT (@normr _ RR)).
  exact: measurable_expr.
exact: measurable_fun_normr.
Qed.

Section SubGaussian.
Variables (sigma : RR) (mu : {measure set RR -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Hypothesis mu_sub : sub_gaussian sigma mu.

Lemma sub_gaussian_exponential (t : RR) : Pint mu (fun x => rexp (t * x)).
Proof.
split.
  apply/EFin_measurable_fun; apply: (measurable_fun_comp measurable_fun_exp).
  exact: (measurable_funrM t (@measurable_fun_id _ _ _)).
rewrite (eq_integral (fun x => (rexp (t * x))%:E)).
  by apply: le_lt_trans (mu_sub t) _; rewrite ltey.
by move=> x _ /=; rewrite ger0_norm// ltW// rexp_gt0.
Qed.

Theorem sub_gaussian_absolute_moment (q : nat) : Pint mu (fun x => `|x| ^+ q).
Proof.
have I := Pint_lin (q%:R ^+ q : RR) (q%:R ^+ q : RR) (sub_gaussian_exponential 1) (sub_gaussian_exponential (-1)).
apply: (@Pint_dominated _ _ mu mu1 0 _ _ (measurable_normr_expr q) I) => x.
rewrite add0r ger0_norm ?exprn_ge0// RplusE !RmultE mul1r mulN1r.
have := scalar_bounds.power_le_exponentials x q.
by rewrite !RpowE INRE RmultE RplusE RoppE mulrDr => /RleP.
Qed.

Lemma sub_gaussian_moment (q : nat) : Pint mu (fun x => x ^+ q).
Proof.
apply: (@Pint_dominated _ _ mu mu1 0 _ _ (measurable_expr q) (sub_gaussian_absolute_moment q)) => x.
by rewrite add0r normrX.
Qed.
End SubGaussian.

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
have := scalar_bounds.cosh_le_exp t; rewrite !RdivE' RpowE RplusE RoppE IZR2E.
by move/RleP.
Qed.

Theorem rademacher_variance : \int[rademacher]_x (x ^+ 2) = 1.
Proof.
rewrite Rmean_rademacher; last exact: measurable_expr.
by rewrite sqrrN expr1n half_plus_half.
Qed.

Let at0 (x : R) : Rmult x (Rtrigo_def.exp (Rmult 0 x)) = x.
Proof. by rewrite Rmult_0_l exp_0 Rmult_1_r. Qed.

Theorem standard_normal_centred : centred standard_normal.
Proof.
have [I E] := standard_normal_tilted_mean 0.
have EQ := funext at0.
split; first by move: I; rewrite [X in Pint _ X]EQ.
by move: E; rewrite [X in Pmean _ X]EQ Rmult_0_l.
Qed.

Theorem standard_normal_variance : \int[standard_normal]_x (x ^+ 2) = 1.
Proof.
have [I E] := standard_normal_tilted 0 0 0 1.
have EQ : normal_integral.tilted_quadratic 0 0 0 1 = (fun x : RR => x ^+ 2).
  apply/funext => x; rewrite /normal_integral.tilted_quadratic Rmult_0_l exp_0 Rmult_0_l !Rplus_0_l !Rmult_1_l.
  by rewrite Rminus_0_r pow2E.
move: E; rewrite [X in Pmean _ X]EQ => E; apply: etrans E _.
by rewrite Rplus_0_l Rmult_1_r /Rdiv /= Rmult_0_l Rmult_0_l exp_0.
Qed.

Theorem standard_normal_sub_gaussian : sub_gaussian 1 standard_normal.
Proof.
move=> t; have [I E] := standard_normal_mgf t.
rewrite (Pmean_integral I) [Pmean _ _]E lee_fin RdivE' pow2E IZR2E.
by rewrite expr1n mul1r.
Qed.
